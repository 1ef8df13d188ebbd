// File access for connection settings, injected so that tests need no files.

/** Reads passfiles, service files and certificates. */
export interface ConnectionFiles {
  /** The text of a file; undefined if it cannot be read. */
  readonly readFile: (path: string) => string | undefined
  /** The permission bits of a file. They are not checked if this is missing. */
  readonly fileMode?: (path: string) => number | undefined
}
