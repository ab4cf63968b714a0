"""``gofau token``: API tokens, for admins."""

from enum import StrEnum
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, group
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out, print_json
from gofau_service.cli.tables import tokens_table

app = group(Panel.SERVE, "token", help="Make, list and revoke API tokens.")

DAY_S = 86_400.0


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")],
    owner: Annotated[str, typer.Option(help="Whose studies it sees.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it allows; may be given again.")
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(help="Days that it lasts. Default: until revoked.", show_default=False),
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Make a token and print it, this once.

    [bold]Example[/bold]

    gofau token create laptop --owner ada --scope submit --days 90
    """
    expires = None if days is None else days * DAY_S
    scopes = [str(given) for given in scope or [Scope.READ]]
    with connect(url, token) as client:
        made = client.create_token(name, owner=owner, scopes=scopes, expires_in_s=expires)
    if as_json:
        print_json(made)
    else:
        out().print(made.token, markup=False)


@app.command("list")
def list_(
    url: options.Url = None, token: options.Token = None, as_json: options.Json = False
) -> None:
    """List tokens, newest first, without their secrets.

    [bold]Example[/bold]

    gofau token list
    """
    with connect(url, token) as client:
        found = list(client.tokens())
    if as_json:
        print_json(found)
    else:
        out().print(tokens_table(found))


@app.command()
def revoke(
    identity: Annotated[str, typer.Argument(metavar="TOKEN", help="A token's id.")],
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Refuse a token from now on.

    [bold]Example[/bold]

    gofau token revoke 51c0a9d2e4b7f380
    """
    with connect(url, token) as client:
        client.revoke_token(identity)
    if as_json:
        print_json({"revoked": identity})
    else:
        out().print(f"{identity} is revoked")
