"""What a person sees: tables, charts, panels and progress, in a terminal and in a notebook."""
