"""The understanding with all that it looks up read when this is imported, so that no caller waits for it.

Calls take it from here; who trains a table, or reads a few sentences, takes `understand` itself: a table of another
shape than the code's stops nobody from building it anew.
"""

from app.dialog.hebrew.contact.name_words import first_names
from app.dialog.hebrew.gazetteer import gazetteer
from app.dialog.understanding.ear import whole_words
from app.dialog.understanding.ear.nearest_answer import load
from app.dialog.understanding.judging.intents import intent_table
from app.dialog.understanding.judging.judge import table
from app.dialog.understanding.judging.names import name_table
from app.dialog.understanding.understand import understand

__all__ = ["understand"]

gazetteer()
first_names()
table()
intent_table()
name_table()
whole_words.load()
load()
