import type { Secret } from '../core/secret.ts'
import type { Session } from './session.ts'

/** Opens another connection to the target. Only the one for definitions carries secrets. */
export type Connect = (purpose: string, secrets?: readonly Secret[]) => Promise<Session>
