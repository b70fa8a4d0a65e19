"""Word templates that an analyst edits in Word; the package exists so that a wheel carries them."""
