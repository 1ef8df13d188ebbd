// Runs the work of a command on a session of its own.

import { interruptible } from '../db/cancellation.ts'
import { throwIfInterrupted } from '../db/interruption.ts'
import type { Session } from '../db/session.ts'
import { explainingUnreadableText } from '../introspector/unreadable-text.ts'
import { hiddenIn, type ParsedManifest } from '../manifest/manifest.ts'
import { type CommandOptions, signalOf } from './options.ts'
import { connectTo } from './target.ts'

/**
 * @param manifest no error shows its secrets, or the values of its references
 * @param purpose what pg_stat_activity shows
 */
export async function onSession<Result>(
  manifest: ParsedManifest | undefined,
  options: CommandOptions,
  purpose: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const signal = signalOf(options)
  throwIfInterrupted(signal)
  const session = await connectTo(options, manifest ? hiddenIn(manifest) : [])(purpose)
  try {
    return await interruptible(session, signal, () => explainingUnreadableText(session, () => work(session)))
  } finally {
    await session.close()
  }
}
