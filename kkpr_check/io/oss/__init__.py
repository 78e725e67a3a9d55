"""KKPR applications as OSS sends them (``receiveNIBKKPR``, root object ``dataNIB``)."""
