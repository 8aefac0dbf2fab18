"""Which hint fits what was observed."""


def hint_for(hints, observed):
    """Name and text of the first hint all of whose expressions match; None if none does."""
    for hint in hints:
        found = [expression.search(observed) for expression in hint.match]
        if all(found):
            groups = {}
            for match in found:
                groups |= {name: value or "?" for name, value in match.groupdict().items()}
            return hint.name, hint.say.format(**groups)
    return None
