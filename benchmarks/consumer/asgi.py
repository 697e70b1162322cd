import json
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.consumer.settings")

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

http = get_asgi_application()

from benchmarks.consumer.models import Message  # noqa: E402


class ChatConsumer(AsyncWebsocketConsumer):
    """Spared what Hearth does besides: sessions, forms, rights, unread counts, one message per token."""

    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        await self.channel_layer.group_add(f"chat_{self.room}", self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard(f"chat_{self.room}", self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        data = json.loads(text_data)
        message = await Message.objects.acreate(
            room=self.room, sender=data["sender"], content=data["message"]
        )
        event = {
            "type": "chat.message",
            "id": message.pk,
            "message": message.content,
            "sender": message.sender,
            "timestamp": message.timestamp.isoformat(),
        }
        await self.channel_layer.group_send(f"chat_{self.room}", event)

    async def chat_message(self, event):
        await self.send(text_data=json.dumps(event))


application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([path("ws/<str:room>/", ChatConsumer.as_asgi())])}
)
