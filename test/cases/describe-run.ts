// Shows what a case did: the plan, its SQL, the events of the apply, and what the server logged.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Chalk } from 'chalk'
import type { Plan } from '../../src/core/plan.ts'
import type { ReplacementDocument, StatementDocument } from '../../src/render/json/documents.ts'
import { planJson } from '../../src/render/json/plan.ts'
import { renderPlan } from '../../src/render/text/plan.ts'
import type { CaseFixture } from './case-fixture.ts'
import type { Case } from './read-case.ts'
import type { CaseLog } from './run-case.ts'

export function describeRun({ plan, events }: CaseLog): string {
  const lines = events.map((event) => `  ${JSON.stringify(event)}`)
  return [
    plan ? renderPlan(plan, { style: new Chalk({ level: 0 }), columns: 120 }) : 'There is no plan.\n',
    ...(lines.length > 0 ? ['Events of the apply:', ...lines] : []),
  ].join('\n')
}

/** The SQL of all steps, in the order in which they run. */
export function sqlOf(plan: Plan): string {
  const steps = planJson(plan).steps.map(({ stage, action, title, statements = [], members = [] }) => {
    const all = [...statements, ...members.flatMap(statementsOf)]
    return [`-- ${stage}: ${action} ${title}`, ...all.map(({ sql }) => `${sql};`)].join('\n')
  })
  return steps.join('\n\n')
}

function statementsOf({ statements, load, parts, swap }: ReplacementDocument): readonly StatementDocument[] {
  return [...statements, ...load, ...parts, ...swap.out, ...swap.in]
}

/**
 * Copies what the server has logged for a case's database, since its own log goes with it, and returns the path of the copy.
 * A server that was given to us has no log that we could read.
 */
export function keepServerLog({ name }: Case, { pair, target }: CaseFixture): string | undefined {
  const { logFile } = pair.target
  if (logFile === undefined) return undefined
  const folder = join(tmpdir(), 'fdwsync-case-logs')
  mkdirSync(folder, { recursive: true })
  const copy = join(folder, `${name}-${pair.major}.log`)
  writeFileSync(copy, entriesOf(readFileSync(logFile, 'utf8'), target.name).join('\n'))
  return copy
}

/** The entries of one database; an entry of several lines goes on until the next line that begins with a time. */
function entriesOf(log: string, database: string): readonly string[] {
  return log.split(/\n(?=\d{4}-\d\d-\d\d )/).filter((entry) => entry.includes(`@${database} `))
}
