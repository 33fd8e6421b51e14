# Windows: makes .venv on first use, then runs sellkit with the arguments given (default: demo).
#   .\run_sellkit.ps1
#   .\run_sellkit.ps1 status --profile paper
# If scripts are blocked: powershell -ExecutionPolicy Bypass -File run_sellkit.ps1

$ErrorActionPreference = "Stop"
$here = $PSScriptRoot
$venv = Join-Path $here ".venv"
$python = Join-Path $venv "Scripts\python.exe"
$stamp = Join-Path $venv ".synced"
$sources = @("pyproject.toml", "uv.lock", "requirements.lock") | ForEach-Object { Join-Path $here $_ }

function Find-Python {
    $choices = @(@("py", "-3.13"), @("py", "-3.12"), @("py", "-3.11"), @(, "python"))
    foreach ($choice in $choices) {
        if (-not (Get-Command $choice[0] -ErrorAction SilentlyContinue)) { continue }
        $flags = @($choice | Select-Object -Skip 1)
        try {
            $found = & $choice[0] @flags -c "import sys; print(sys.executable if (3, 11) <= sys.version_info[:2] <= (3, 13) else '')" 2>$null
        } catch { continue }
        if ($LASTEXITCODE -eq 0 -and $found) { return $found }
    }
    throw "sellkit needs Python 3.11, 3.12 or 3.13; install one from python.org and run this again."
}

function Assert-Success([string] $what) {
    if ($LASTEXITCODE -ne 0) { throw "$what ended with code $LASTEXITCODE" }
}

function Sync-Environment {
    Push-Location $here
    try {
        if (Get-Command uv -ErrorAction SilentlyContinue) {
            $env:UV_PROJECT_ENVIRONMENT = $venv
            & uv sync --locked --all-extras --all-groups
            Assert-Success "uv sync"
        } else {
            if (-not (Test-Path (Join-Path $venv "Scripts\pip.exe"))) {
                & (Find-Python) -m venv --clear $venv
                Assert-Success "python -m venv"
            }
            & $python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
            Assert-Success "pip install"
            & $python -m pip install --quiet --disable-pip-version-check --no-deps -e .
            Assert-Success "pip install"
        }
        Set-Content -Path $stamp -Value "made by run_sellkit.ps1"
    } finally {
        Pop-Location
    }
}

$stale = -not (Test-Path $stamp)
if (-not $stale) {
    $made = (Get-Item $stamp -Force).LastWriteTimeUtc
    $stale = [bool] ($sources | Where-Object { (Get-Item $_).LastWriteTimeUtc -gt $made })
}
if ($stale) { Sync-Environment }

$words = @($args)
if ($words.Count -eq 0) { $words = @("demo") }
& $python -m sellkit @words
exit $LASTEXITCODE
