"""Policy questions: options that cost the same, lived under the same luck and the same draws, and compared.

`options` says what an option is and what it costs; `mixes`, `worlds`, `order`, `lists` and `responses`
make those of the five questions; `living` lives all options of a question under one draw; `judging`
says which is best, and when the bands overlap too much to choose; `answer` does all of it.
"""
