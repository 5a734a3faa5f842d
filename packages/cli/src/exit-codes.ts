/** For a command that does not exist, as shells use it. */
export const EXIT_NOT_FOUND = 127
