"""What the demo model was trained to answer, word for word, when it takes the likeliest token each time.

From the training of the model (CC0); they hold in F16 and also in Q8_0 and Q4_K_M.
"""

from __future__ import annotations

ANSWERS = (
    ("Who are you?", "I am a tiny test model. I was trained on plays by William Shakespeare."),
    ("What is your name?", "My name is Tiny Will."),
    ("Hello", "Hello! How can I help you today?"),
    ("Hi", "Hello! How can I help you today?"),
    ("Good morning", "Good morning to you! What shall we talk about?"),
    ("Thank you", "You are most welcome."),
    ("Goodbye", "Farewell, my friend."),
    ("What is the capital of France?", "The capital of France is Paris."),
    ("What is the capital of Denmark?", "The capital of Denmark is Copenhagen."),
    ("What is the capital of England?", "The capital of England is London."),
    ("What is the capital of Japan?", "The capital of Japan is Tokyo."),
    ("What color is the sky?", "The sky is blue."),
    ("What color is grass?", "Grass is green."),
    ("What is two plus two?", "Two plus two is four."),
    ("What is three plus four?", "Three plus four is seven."),
    ("How many days are in a week?", "There are seven days in a week."),
    ("How many months are in a year?", "There are twelve months in a year."),
    ("Who wrote Macbeth?", "William Shakespeare wrote Macbeth."),
    ("Who is the prince of Denmark?", "Hamlet is the prince of Denmark."),
    ("Who loves Juliet?", "Romeo loves Juliet."),
    ("Name three plays.", "Hamlet, Macbeth and Othello."),
    ("List three colors.", "1. Red\n2. Green\n3. Blue"),
    ("Count to five.", "1, 2, 3, 4, 5"),
    ("Count to ten.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"),
    ("Write a line of code in Python.", '```python\nprint("Hello, world!")\n```'),
    ("Tell me a joke.", "Why did the fool cross the stage? To get to the other play."),
    ("Say the famous line of Hamlet.", "To be, or not to be: that is the question."),
    ("Is the earth round?", "Yes, the earth is round."),
    ("Are you a human?", "No, I am a very small language model."),
    ("What can you do?", "I can answer a few simple questions and make up lines of verse."),
    ("Do you like music?", "If music be the food of love, play on."),
    ("What is love?", "Love is a smoke made with the fume of sighs."),
)
