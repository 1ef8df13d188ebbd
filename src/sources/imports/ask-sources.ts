// Asks all sources of a manifest, each on a connection of its own and all at once.

import { groupBy } from '../../core/data.ts'
import type { Session } from '../../db/session.ts'
import type { RunDigests } from '../../introspector/digests.ts'
import type { MayEvaluate } from '../../introspector/evaluation/evaluated-code.ts'
import type { ImportRequest, ParsedManifest } from '../../manifest/manifest.ts'
import { readServerContext, type ServerContext } from '../server-context.ts'
import type { AskOptions } from '../server-session.ts'
import { digestOf } from '../source-state.ts'
import type { Answer, Answers, SourceFailure, SourceState } from './answers.ts'
import { askSource, askSourceState } from './ask-source.ts'

/** How sources are asked. */
export interface SourceAccess extends Pick<AskOptions, 'connect' | 'timeoutMilliseconds' | 'mayExpose'> {
  /** Which user-defined code may be run. */
  readonly mayEvaluate?: MayEvaluate
  /** Failures of a moment ago, by server. These servers are not asked once more. */
  readonly unanswered?: ReadonlyMap<string, SourceFailure>
}

/** Without `sources` there are no answers. */
export async function askSources(
  session: Session,
  context: ServerContext,
  requests: readonly ImportRequest[],
  sources: SourceAccess | undefined,
): Promise<Answers> {
  if (!sources) return new Map()
  const { unanswered, ...access } = sources
  const options = { context, user: session.user, serverVersion: session.serverVersion, ...access }
  return askEachServer<Answer>(requests, async (server, own) => {
    const failure = unanswered?.get(server)
    return failure ? own.map(() => failure) : askSource(options, server, own)
  })
}

/**
 * Reads one digest of everything that the sources of a manifest would answer. It equals {@link sourceStateOf} of their answers.
 * Undefined if a source cannot be asked, or a table cannot be imported.
 */
export async function readSourceState(
  session: Session,
  { manifest, requests }: ParsedManifest,
  digests: RunDigests,
  sources: SourceAccess,
): Promise<{ readonly state: string | undefined; readonly unanswered: ReadonlyMap<string, SourceFailure> }> {
  const servers = requests.map(({ server }) => server)
  const context = await readServerContext(session, manifest, servers, { ...sources, digests })
  const options = { context, user: session.user, serverVersion: session.serverVersion, ...sources }
  const answers = await askEachServer(requests, (server, own) => askSourceState(options, server, own))
  const unanswered = new Map<string, SourceFailure>()
  for (const [{ server }, answer] of answers) if (answer.status === 'unanswered') unanswered.set(server, answer)
  return { state: sourceStateOf(requests, answers), unanswered }
}

/** A digest of the answers to all requests; undefined if an answer is missing. */
export function sourceStateOf(
  requests: readonly ImportRequest[],
  answers: ReadonlyMap<ImportRequest, Answer | SourceState>,
): string | undefined {
  const states = requests.map((request) => {
    const answer = answers.get(request)
    return answer && 'state' in answer ? answer.state : undefined
  })
  return states.includes(undefined) ? undefined : digestOf(states)
}

async function askEachServer<Result>(
  requests: readonly ImportRequest[],
  ask: (server: string, own: readonly ImportRequest[]) => Promise<readonly Result[]>,
): Promise<ReadonlyMap<ImportRequest, Result>> {
  const byServer = [...groupBy(requests, ({ server }) => server)]
  const answers = await Promise.all(
    byServer.map(async ([server, own]) => {
      const results = await ask(server, own)
      return own.flatMap((request, at): readonly (readonly [ImportRequest, Result])[] => {
        const result = results[at]
        return result ? [[request, result]] : []
      })
    }),
  )
  return new Map(answers.flat())
}
