// Refreshes the copies of a manifest, or shows what a refresh would do.

import type { CopyState } from '../api/copies-to-refresh.ts'
import { previewRefresh as previewCopies, refresh as refreshCopies } from '../api/refresh.ts'
import { verify as verifyCopies } from '../api/verify.ts'
import type { RefreshStrategy } from '../core/refresh-policy.ts'
import type { RefreshReport } from '../core/report.ts'
import type { VerifyReport } from '../core/verification.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { checkOptions } from './check-options.ts'
import { onSession } from './on-session.ts'
import { type CommandOptions, type SourceOptions, signalOf, sourceTimeoutOf } from './options.ts'
import { type Run, startRun } from './run.ts'
import { connectTo } from './target.ts'

/** Which copies, and how. */
export interface RefreshChoice extends CommandOptions {
  /** Names as in psql: `shop.orders`, `shop.*`. Default: all copies of the manifest */
  readonly names?: readonly string[]
  /** Only copies that are `stale` or `unpopulated`. Default: all */
  readonly only?: readonly CopyState[]
  /** The strategy of this run, in place of those of the policies. */
  readonly strategy?: RefreshStrategy | undefined
}

/** The options of {@link refresh}. */
export interface RefreshingOptions extends RefreshChoice, SourceOptions {
  /** How many copies are refreshed at once. Default: 4 */
  readonly jobs?: number
  /** How long a single refresh may take, in place of the timeouts that the policies declare. */
  readonly timeoutMilliseconds?: number | undefined
  /** How long to wait for an apply of the manifest. Default: 30,000 */
  readonly leaseTimeoutMilliseconds?: number
}

/** Refreshes the copies of a manifest. A failed refresh does not reject the result: see the outcomes in the report. */
export function refresh(manifest: ParsedManifest, options: RefreshingOptions): Run<RefreshReport> {
  const { names = [], only = [], strategy, jobs = 4, timeoutMilliseconds } = options
  const hidden = hiddenIn(manifest)
  return startRun(signalOf(options), (emit) => {
    checkOptions(options)
    return refreshCopies(manifest, names, connectTo(options, hidden), {
      only,
      strategy,
      jobs,
      timeoutMilliseconds,
      sourceTimeoutMilliseconds: sourceTimeoutOf(options),
      leaseTimeoutMilliseconds: options.leaseTimeoutMilliseconds ?? 30_000,
      hidden,
      signal: signalOf(options),
      emit,
    })
  })
}

/** Reports what {@link refresh} would do, how and why, and does nothing. */
export async function previewRefresh(manifest: ParsedManifest, options: RefreshChoice): Promise<RefreshReport> {
  checkOptions(options)
  const { names = [], only = [], strategy } = options
  return onSession(manifest, options, 'refresh', (session) =>
    previewCopies(session, manifest, names, { only, strategy }),
  )
}

/** The options of {@link verify}. */
export interface VerifyingOptions extends Omit<RefreshChoice, 'strategy'>, SourceOptions {}

/** Compares the whole contents of copies with what their queries return now, row by row, and changes nothing. */
export function verify(manifest: ParsedManifest, options: VerifyingOptions): Promise<VerifyReport> {
  const { names = [], only = [] } = options
  const hidden = hiddenIn(manifest)
  const [connect, signal] = [connectTo(options, hidden), signalOf(options)]
  const sourceTimeoutMilliseconds = sourceTimeoutOf(options)
  return onSession(manifest, options, 'refresh', (session) =>
    verifyCopies(session, manifest, { names, only }, { connect, signal, sourceTimeoutMilliseconds, hidden }),
  )
}
