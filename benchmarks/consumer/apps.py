from django.apps import AppConfig


class ConsumerConfig(AppConfig):
    name = "benchmarks.consumer"
    label = "consumer"
