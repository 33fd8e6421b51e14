"""Every error that sellkit raises on purpose, in one tree.

    SellkitError
      ConfigError      ChangedMeanwhile
      DataError        InvalidToken  InvalidAssignment  InvalidBars
                       NoCalendar > OldCalendar  ForeignOrigin
      BrokerError      NotConnected* > OtherGateway  RequestTimedOut*  PacingViolation*
                       RequestRejected > UnknownInstrument, NoBars
      JournalError
      RunFailed        NotTold*
      ScheduleRuns

A read that ended in a class marked * may be asked again. Each class carries the exit code that the
command line answers with: 1 failed, 2 bad input, 3 the gateway.
"""

from typing import ClassVar


class SellkitError(Exception):
    """What happened, which value, where, and what to do next, in one line."""

    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class ConfigError(SellkitError):
    """A setting, a flag or a parameter cannot be used."""

    exit_code = 2


class ChangedMeanwhile(ConfigError):
    """A file is not what a change to it was worked out on: somebody else has written it since."""


class DiskTrouble(ConfigError):
    """A disk is full or fails: no setting is wrong, so that what restarts a service may go on."""

    exit_code = 1


class DataError(SellkitError):
    """Stored, typed or received data cannot be used."""

    exit_code = 2


class InvalidToken(DataError):
    """A text is not an `EXCHANGE:SYMBOL` token."""


class InvalidAssignment(DataError):
    """A moving average or an assignment is not one of the choices."""


class InvalidBars(DataError):
    """A frame of bars breaks the schema, or a stored one cannot be read."""


class NoCalendar(DataError):
    """No session calendar is known for an exchange, or a time lies outside the calendar."""


class OldCalendar(NoCalendar):
    """What an old process knows of sessions ends soon; one that begins now knows more of them."""

    exit_code = 1


class ForeignOrigin(DataError):
    """Data that another kind of gateway or another account wrote."""


class BrokerError(SellkitError):
    """The gateway did not do what was asked."""

    exit_code = 3


class NotConnected(BrokerError):
    """There is no usable connection to the gateway."""

    retryable = True


class OtherGateway(NotConnected):
    """At the other end stands another gateway or another account than was expected."""

    exit_code = 2
    retryable = False


class ClockWentBack(BrokerError):
    """The gateway tells an earlier time than before: hours judged already would come again."""

    exit_code = 2


class RequestTimedOut(BrokerError):
    """The gateway did not answer in time. That is not the same as an empty answer."""

    retryable = True


class PacingViolation(BrokerError):
    """The gateway refused a request because too many were sent."""

    retryable = True


class RequestRejected(BrokerError):
    """The gateway answered a request with an error code.

    Parameters
    ----------
    code
        The code that Interactive Brokers sent.
    text
        Its text, as sent.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"the gateway answered with error {code}: {text}")
        self.code = code
        self.text = text


class NotSent(BrokerError):
    """An order was given up before a byte of it was written: the gateway has not heard of it."""


class SubmissionUncertain(BrokerError):
    """An order may have been written to the gateway, or not."""


class UnknownInstrument(RequestRejected):
    """The gateway knows no contract, or more than one, for what was asked."""

    exit_code = 2


class NoBars(RequestRejected):
    """The gateway has no bars for the window asked for."""


class AnsweredElsewhere(BrokerError):
    """Another process asked the very same and was answered: its answer is in the store."""


class JournalError(SellkitError):
    """The journal cannot be read or written; nothing may be sent without it."""


class DuplicateTicket(JournalError):
    """The journal holds this attempt of this ticket already: it may have been sent."""


class IllegalTransition(JournalError):
    """A ticket would have moved between states that do not follow each other."""


class TicketMoved(IllegalTransition):
    """Another process has moved a ticket on meanwhile, which is therefore its own."""


class ScheduleRuns(SellkitError):
    """Another process runs the schedule: no setting is wrong, and when it ends this one may."""


class RunFailed(SellkitError):
    """A run of a notebook did not reach its end.

    Parameters
    ----------
    message
        What happened, and where the notebook was kept.
    error_name
        The class of the error that ended it; one of this module lends its exit code.
    """

    def __init__(self, message: str, *, error_name: str = "") -> None:
        super().__init__(message)
        self.error_name = error_name
        cause = globals().get(error_name)
        if isinstance(cause, type) and issubclass(cause, SellkitError):
            self.exit_code = cause.exit_code  # type: ignore[misc]  # the run fails as its cell did


class NotTold(SellkitError):
    """A channel did not take a message: a person may not have heard of it."""

    retryable: ClassVar[bool] = True
