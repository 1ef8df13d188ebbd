import { changesDatabase } from '../../core/change.ts'
import { exitCode } from '../../core/errors.ts'
import type { Plan } from '../../core/plan.ts'
import { makePlan } from '../../planner/plan.ts'
import { planJson } from '../../render/json/plan.ts'
import { renderPlanText } from '../../render/text/plan.ts'
import { columnsOf, connectionOf, connectorFor, loadManifestOrPlan, styleOf } from '../environment.ts'

export interface PlanFlags {
  readonly file: string
  readonly database?: string
  readonly format: 'text' | 'json'
  readonly populate: boolean
  readonly offline?: boolean
  readonly sourceTimeout: number
  readonly detailedExitcode?: boolean
  readonly driftOnly?: boolean
  readonly checkSource?: boolean
  readonly takeOver?: boolean
}

/** Previews what apply would do. */
export async function plan(flags: PlanFlags): Promise<number> {
  const settings = connectionOf(flags.database)
  const found = await loadManifestOrPlan(flags.file, settings, flags.checkSource)
  if ('inPlace' in found) {
    process.stdout.write(renderPlan(found.inPlace, flags.format))
    return exitCode.done
  }
  const { parsed } = found
  const connect = connectorFor(settings, parsed.secrets)
  const sources = flags.offline ? undefined : { connect, timeoutMilliseconds: flags.sourceTimeout }
  const session = await connect('plan')
  try {
    const { plan } = await makePlan(session, parsed, {
      populate: flags.populate,
      sources,
      checkSource: flags.checkSource ?? false,
      takeOver: flags.takeOver ?? false,
      driftOnly: flags.driftOnly ?? false,
    })
    process.stdout.write(renderPlan(plan, flags.format))
    return exitCodeOf(plan, flags.detailedExitcode ?? false)
  } finally {
    await session.close()
  }
}

export function renderPlan(plan: Plan, format: PlanFlags['format']): string {
  if (format === 'json') return `${JSON.stringify(planJson(plan), undefined, 2)}\n`
  return renderPlanText(plan, { style: styleOf('stdout'), columns: columnsOf() })
}

function exitCodeOf(plan: Plan, detailed: boolean): number {
  // A plan that can't be applied is never good news for a pipeline.
  if (plan.refusals.length > 0) return exitCode.refused
  if (!detailed) return exitCode.done
  if (plan.changes.some(({ change }) => changesDatabase(change))) return exitCode.changes
  return plan.undetermined.length > 0 ? exitCode.undetermined : exitCode.done
}
