"""The list of chats as a page, and what there is to find."""

from rooms.gallery.stage import RAW, Stage
from rooms.gallery.states.rooms import talk, with_connection
from rooms.gallery.states.state import state, there


@state("rooms/lobby.html")
def lobby(stage: Stage) -> str:
    talk(stage)
    stage.say("Just you", room=stage.private)
    stage.new_room("Closed", stage.ben, is_by_invitation=False)
    return with_connection(stage.get("/"), "connected")


@state("rooms/lobby.html")
def lobby_on_the_first_visit(stage: Stage) -> str:
    session = stage.session(stage.cleo)
    session["first_steps"] = True
    session.save()
    return stage.ask("GET", "/", b"", stage.cleo, session=session)


@state("rooms/lobby.html")
def lobby_after_everything_was_marked_as_read(stage: Stage) -> str:
    talk(stage)
    return stage.after("/read/", "/")


@state("rooms/lobby.html")
def room_that_is_refused(stage: Stage) -> str:
    return stage.post("/rooms/", {"name": stage.room.name})


@state("rooms/chat_list.html")
def chats(stage: Stage) -> str:
    talk(stage)
    return stage.get("/chats/")


@state("rooms/find.html")
def rooms_and_people(stage: Stage) -> str:
    talk(stage)
    there(stage.cleo)
    return stage.get("/find/")


@state("rooms/find.html")
def nothing_found(stage: Stage) -> str:
    return stage.get("/find/?q=nobody+is+called+so")


@state("rooms/_find_answer.html")
def found_while_typing(stage: Stage) -> str:
    there(stage.room)
    return stage.get("/find/?q=b", htmx=True)


@state("rooms/search.html")
def searched_messages(stage: Stage) -> str:
    talk(stage)
    stage.say("Hello, just you", room=stage.private)
    return stage.get("/search/?q=hello&by_room=on")


@state("rooms/search.html")
def searched_names(stage: Stage) -> str:
    there(stage.room, stage.cleo)
    return stage.get("/search/?q=e")


@state("rooms/search.html")
def search_of_nothing(stage: Stage) -> str:
    return stage.get("/search/?q=hello+from:nobody-is-called-so")


@state("rooms/search.html")
def refused_search(stage: Stage) -> str:
    return stage.get(f"/search/?q={'x' * 301}&before=soon", answers=422)


@state("rooms/search.html")
def search_out_of_the_address(stage: Stage) -> str:
    stage.say_many(30)
    return stage.post("/search/", {"q": "line"})


@state("rooms/search.html")
def search_that_has_more(stage: Stage) -> str:
    stage.say_many(30)
    return stage.get("/search/?q=line&by_room=on")


@state("rooms/search.html")
def search_that_has_more_in_one_list(stage: Stage) -> str:
    stage.say_many(30)
    return stage.get("/search/?q=line")


@state("rooms/_search_answer.html")
def searched_while_typing(stage: Stage) -> str:
    talk(stage)
    return stage.get("/search/?q=hello", htmx=True)


@state("rooms/_search_answer.html")
def searched_with_a_field(stage: Stage) -> str:
    return stage.get("/search/?q=hello&was=hello&sender=ben", htmx=True)


@state("rooms/_search_answer.html")
def searched_with_a_condition(stage: Stage) -> str:
    return stage.get("/search/?q=hello+from:ben&was=hello", htmx=True)


@state("rooms/_search_answer.html")
def refused_while_typing(stage: Stage) -> str:
    return stage.get("/search/?q=hello&before=soon", htmx=True, answers=422)


@state("rooms/chat_room_search.html")
def search_in_a_room(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/search/")


@state("rooms/chat_room_search.html")
def day_that_is_none(stage: Stage) -> str:
    return stage.get(f"/rooms/{stage.room.pk}/?date=soon", answers=422)


@state("rooms/mention_list.html")
def mentions(stage: Stage) -> str:
    there(stage.ada)
    talk(stage)
    return stage.get("/mentions/")


@state("rooms/mention_list.html")
def no_mentions(stage: Stage) -> str:
    return stage.get("/mentions/")


@state("rooms/saved_message_list.html")
def saved_messages(stage: Stage) -> str:
    talk(stage).save_for(stage.ada, f"For the plumber <{RAW}>")
    return stage.get("/saved/")


@state("rooms/saved_message_list.html")
def no_saved_messages(stage: Stage) -> str:
    return stage.get("/saved/")
