// The type of functions that open sessions.

import type { Secret } from '../core/secret.ts'
import type { Session } from './session.ts'

/** Opens a connection to the target. Only the connection for definitions carries secrets. */
export type Connect = (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
