"""What a call measures of itself, from outside the machine: from the events that go in and the commands that come out.

So it cannot change what a call does, and a tape can be measured like a call.
"""
