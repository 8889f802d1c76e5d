"""What can go wrong, as the provider interface of Octavia tells errors apart."""


class DriverError(Exception):
    """Any error of this driver."""


class UnsupportedOption(DriverError):
    """Octavia asks for something that LoxiLB cannot do."""


class ApiError(DriverError):
    """LoxiLB answered, and said no."""

    def __init__(self, status, message):
        super().__init__("LoxiLB answered %d: %s" % (status, message))
        self.status = status
        self.message = message


class NotFound(ApiError):
    """LoxiLB does not know it."""


class Conflict(ApiError):
    """LoxiLB has it already, with other settings."""


class ConnectionLost(DriverError):
    """No answer came: nobody knows whether the request was carried out."""
