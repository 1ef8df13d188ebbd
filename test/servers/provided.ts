// What tests know of the servers that vitest has started for them.

/** One server. It passes from vitest's main process to its workers, so it is plain data. */
export interface TestServer {
  readonly major: number
  /** `18.4`. */
  readonly version: string
  /** A superuser's connection to a database that no test may change. */
  readonly url: string
  readonly user: string
  readonly password: string
  /** How other servers of the same run reach this one: for the options of a foreign server. */
  readonly foreignHost: string
  readonly foreignPort: number
  /** The server's log; unknown for a server that already ran. */
  readonly logFile: string | undefined
}

/** A source of foreign tables, and the server that has them. */
export interface ServerPair {
  /** `18`, or `14 → 18` where the source is another major. */
  readonly name: string
  /** The target's. */
  readonly major: number
  readonly source: TestServer
  readonly target: TestServer
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly serverPairs: readonly ServerPair[]
  }
}
