// What all steps that read data share.

import { idOf, type Key, type Relation } from '../core/object.ts'
import type { Session } from '../db/session.ts'
import type { RefreshRecord } from '../ledger/refresh-log.ts'
import type { Beginning } from '../loader/begin-refresh.ts'
import type { SourcesOf } from '../loader/read-sources.ts'
import type { ServerLimits } from '../loader/server-limits.ts'
import type { SourceWatchdog } from '../loader/source-watchdog.ts'
import type { ApplyContext } from './context.ts'

export interface DataRun {
  readonly context: ApplyContext
  readonly limits: ServerLimits
  readonly sources: SourceWatchdog
  readonly sourcesOf: SourcesOf
  /** The beginning of each load. */
  readonly begin: (session: Session) => Promise<Beginning>
  /** Whether a load can be recorded at the moment. */
  isRecorded(): boolean
  readonly failedLoads: RefreshRecord[]
}

export function relationOf(key: Key): Relation {
  const id = idOf(key)
  if (id && 'schema' in id) return id
  throw new Error('a step loads an object that is not a relation')
}
