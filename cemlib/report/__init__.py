"""Run a notebook strictly, render it and hand its figures on; and read the address of the app that it is.

Nothing is imported here: an app's kernel needs ``request`` and ``publish`` alone, not papermill. Users take the names from
``cemlib`` itself: ``cem.run_report``, ``cem.page_parameters``, ``cem.publish``.
"""
