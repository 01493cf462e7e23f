"""The pages: who reads them, and what each is made of. The HTML is leaderboard.web's."""

from fastapi import APIRouter

from server.pages import door, notebooks, own, public, staff
from server.pages.frames import error_page as error_page

router = APIRouter(include_in_schema=False)
for part in (door, own, staff, notebooks, public):
    router.include_router(part.router)
