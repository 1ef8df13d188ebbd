/** How settings reach files: a passfile, a service file, certificates. */
export interface ConnectionFiles {
  /** The text of a file, `undefined` if there is none. */
  readonly readFile: (path: string) => string | undefined
  /** The permission bits of a file; without this they are not checked. */
  readonly fileMode?: (path: string) => number | undefined
}
