"""The doctor as an operator asks it: the command with settings of one's own, and its lines about a check."""

from pathlib import Path

from click.testing import CliRunner, Result

from app.qa.doctor.command import doctor_command
from tests.servers import free_port


def doctor(*arguments: str, data: Path, **settings: str) -> Result:
    """Run the command with these settings and no others of the kind."""
    unset = dict.fromkeys(
        (
            "TWILIO_ACCOUNT_SID",
            "TWILIO_AUTH_TOKEN",
            "TWILIO_API_URL",
            "PUBLIC_BASE_URL",
            "OPENAI_API_KEY",
            "DATABASE_URL",
        )
    )
    environment = {**unset, "DATA_DIR": str(data), "PORT": str(free_port()), **settings}
    return CliRunner(env=environment).invoke(doctor_command, arguments)


def lines(result: Result, check: str) -> list[str]:
    """Return the lines about a check."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = [line for line in result.stdout.splitlines() if line[5:].split(" — ")[0] == check]
    assert found, result.stdout
    return found
