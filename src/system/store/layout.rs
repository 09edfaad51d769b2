//! Registry and user name to folder and file name, and back: the layout of docker-credential-helpers' `pass` backend.
