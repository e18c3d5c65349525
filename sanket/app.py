"""The command `sanket`: binds verbs to functions, and turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys

import typer

from registry.contract.errors import SanketError
from sanket import (
    areas_verbs,
    care_verbs,
    demo_verbs,
    export_verbs,
    forecast_verbs,
    growth_verbs,
    judging_verbs,
    serving_verbs,
    simulate_verbs,
    training_verbs,
    visits_verbs,
)
from sanket.records import linkage_verbs, registry_verbs, triangulation_verbs

app = typer.Typer(
    name="sanket",
    help=(
        "Which child in or just out of treatment for severe acute malnutrition to visit first, "
        "and why."
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verbs in (
    simulate_verbs,
    registry_verbs,
    linkage_verbs,
    triangulation_verbs,
    growth_verbs,
    training_verbs,
    judging_verbs,
    care_verbs,
    areas_verbs,
    forecast_verbs,
    serving_verbs,
    visits_verbs,
    export_verbs,
    demo_verbs,
):
    verbs.bind(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exit codes: 0 done, 2 usage, 3 bad input, 4 quarantined beyond the share, 5
    refused, 70 ours."""
    # Idle threads that spin cost up to ten times the work when another process is busy: OpenMP's
    # sleep, and OpenBLAS, whose cannot, has one (our matrices are small, and one thread gives the
    # same bits on every machine).
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app(args=arguments)
    except SanketError as error:
        print(f"sanket: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        if os.environ.get("SANKET_DEBUG"):
            raise
        # The message itself may hold a child's values: only its kind and place are printed.
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_globals.get('__name__')}:{place.tb_lineno}" if place else "?"
        print(
            f"sanket: our fault: {type(error).__name__} at {where}. Set SANKET_DEBUG=1 to see all.",
            file=sys.stderr,
        )
        raise SystemExit(70) from None


if __name__ == "__main__":
    main()
