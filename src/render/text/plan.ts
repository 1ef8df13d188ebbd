import type { Change } from '../../core/change.ts'
import { mustBeAllowed, type Plan, type PlannedChange, type Step } from '../../core/plan.ts'
import { titleOf } from '../../kinds/registry.ts'
import { renderDetails, renderFields, type TextOptions } from './fields.ts'
import { counted, oneLine, pad, sizeText, widthOf, wrap } from './layout.ts'

type DatabaseChange = Exclude<Change, { op: 'adopt' | 'release' }>

interface PlanOptions extends TextOptions {
  /** The manifest's objects are all to go, and it is known that their data does. */
  readonly destroys?: boolean
}

/** A plan for people: what, why, what it costs, what it keeps. */
export function renderPlanText(plan: Plan, options: PlanOptions): string {
  const { style, columns } = options
  const header = `fdwsync ${options.destroys ? 'destroy' : 'plan'} · ${oneLine(plan.manifest)} → ${oneLine(plan.database.name)} (PostgreSQL ${oneLine(plan.database.serverVersion)})`
  const blocks = plan.changes.flatMap((planned) =>
    planned.change.op === 'adopt' || planned.change.op === 'release'
      ? []
      : renderChange(planned, planned.change, options),
  )
  const sections = [
    wrap(header, columns, '', nameIndent).map((line) => style.bold(line)),
    blocks,
    renderRecorded(plan, options),
    plan.refusals.flatMap(({ title, reason, hint }) =>
      notice(style.red('refused'), 'refused', `${title}: ${reason}`, hint, columns),
    ),
    renderUndetermined(plan, options),
    (plan.source?.findings ?? []).flatMap(({ title, message, readsFail }) =>
      readsFail
        ? notice(style.yellow('warning'), 'warning', `${title}: ${message}`, '', columns)
        : notice(style.cyan('source'), 'source', `${title}: ${message}`, '', columns),
    ),
    plan.warnings.flatMap(({ message }) => notice(style.yellow('warning'), 'warning', message, '', columns)),
    wrap(
      options.destroys && plan.changes.length === 0
        ? 'Nothing to destroy: it owns nothing in this database.'
        : withSource(summaryOf(plan), plan),
      columns,
      '',
    ).map((line) => style.bold(line)),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

const remarkColumn = 46

/** Of the further lines of what is named by others: deeper than the lines of a plan, so that they can't pass for one. */
const nameIndent = '          '

function renderChange(planned: PlannedChange, change: DatabaseChange, options: PlanOptions): readonly string[] {
  const { style, columns } = options
  const [bare = '', ...others] = wrap(oneLine(planned.title), columns, '    ', nameIndent)
  const head = `  ${signOf(change, options)} ${style.bold(bare.slice(4))}`
  const remark = oneLine(options.destroys ? '' : remarkOf(planned, change))
  const fits = others.length === 0 && Math.max(widthOf(bare) + 3, remarkColumn) + widthOf(remark) <= columns
  const gap = ' '.repeat(Math.max(3, remarkColumn - widthOf(bare)))
  const lines = fits
    ? [`${head}${remark === '' ? '' : gap + style.dim(remark)}`]
    : [head, ...others.map((line) => style.bold(line)), ...(remark === '' ? [] : wrap(remark, columns, '      '))]
  return [
    ...lines,
    ...bodyOf(planned, change, options),
    ...renderPredecessor(planned, options),
    ...renderHazards(planned, options),
  ]
}

function bodyOf(planned: PlannedChange, change: DatabaseChange, options: TextOptions): readonly string[] {
  if (change.op === 'create') return renderDetails(planned.details, options)
  if (change.op !== 'drop') return renderFields(change.fields, options, planned.cause === 'both')
  const own = (change.renamedAsideFor?.fields ?? []).filter(({ from, to }) => from !== undefined || to !== undefined)
  return renderFields(own, options)
}

function signOf({ op }: DatabaseChange, { style }: TextOptions): string {
  return { create: style.green('+'), alter: style.yellow('~'), replace: style.magenta('±'), drop: style.red('-') }[op]
}

function remarkOf(planned: PlannedChange, change: DatabaseChange): string {
  const taken = planned.takenFrom.map((manifest) => `taken over from manifest ${manifest}`)
  const why = [...taken, ...renamedFrom(change), whyOf(planned, change)].filter((part) => part !== '').join(' · ')
  if (change.op === 'create') return [planned.summary, why].filter((part) => part !== '').join(' · ')
  if (change.op === 'drop') return whyDropped(planned, change)
  if (change.op === 'alter') return why
  const how = planned.beside ? 'rebuilt beside, then swapped: readers keep reading' : 'dropped and made again'
  return why === '' ? how : `${why} · ${how}`
}

function whyDropped({ cause }: PlannedChange, { renamedAsideFor }: Extract<Change, { op: 'drop' }>): string {
  if (renamedAsideFor)
    return `${titleOf(renamedAsideFor.to.id)} until now: serves on until what stands on it is swapped`
  return cause === 'source' ? 'gone at the source' : 'no longer declared'
}

function whyOf({ cause, causes = [], because }: PlannedChange, change: DatabaseChange): string {
  if (cause === 'dependency') return `because ${because.join(', ')} changes`
  const isRenamed = change.op === 'alter' && change.fields.every(({ effect }) => effect.how === 'rename')
  const done = change.op === 'create' ? 'dropped' : isRenamed ? 'renamed' : 'altered'
  const drift = `drifted: ${done} outside fdwsync`
  const words = { manifest: 'the manifest changed', source: 'the source changed', drift }
  if (cause === undefined) return ''
  if (cause !== 'both') return cause === 'source' && change.op === 'create' ? 'new at the source' : words[cause]
  const said = causes.filter((origin) => origin !== 'drift').map((origin) => `the ${origin}`)
  return `${said.join(' and ')} changed${causes.includes('drift') ? `, and it ${drift}` : ''}`
}

/** As the manifest says; what people have renamed has drifted. */
function renamedFrom(change: DatabaseChange): readonly string[] {
  if (!('fields' in change) || !change.from.isRenamedByManifest) return []
  return change.fields.flatMap(({ field, from }) => (field === 'name' ? [`renamed from ${from}`] : []))
}

/** What a successor keeps of the one before it, and how much is loaded for it. */
function renderPredecessor({ predecessor, hazards }: PlannedChange, { columns }: TextOptions): readonly string[] {
  if (!predecessor) return []
  const { rows, bytes, keeps } = predecessor
  const amount = [rows === null ? '' : `about ${counted(rows, 'row')}`, bytes > 0 ? sizeText(bytes) : '']
  const known = amount.filter((part) => part !== '').join(', ')
  const loads = known === '' ? 'loads its data again' : `loads its data again: ${known} now`
  const kept = ['keeps its owner, grants and comments', ...keeps.map(oneLine)].join(', ')
  const isLoaded = hazards.some(({ name }) => name === 'reads-source')
  return [kept, ...(isLoaded ? [loads] : [])].flatMap((text) => wrap(text, columns, '      ', nameIndent))
}

function renderHazards({ hazards }: PlannedChange, { style, columns, destroys }: PlanOptions): readonly string[] {
  return hazards.flatMap((hazard) => {
    // Said once for all, in the last line.
    if (hazard.name === 'reads-source') return []
    const text =
      mustBeAllowed(hazard) && !destroys
        ? `! ${oneLine(hazard.detail)}: needs --allow ${hazard.name}`
        : `! ${oneLine(hazard.detail)}`
    return wrap(text, columns, '      ').map((line) => (mustBeAllowed(hazard) ? style.red(line) : style.yellow(line)))
  })
}

/** What only the ledger learns. */
function renderRecorded(plan: Plan, { style, columns }: TextOptions): readonly string[] {
  return plan.changes.flatMap(({ change, title, cause, takenFrom }) => {
    if (change.op === 'release')
      return wrap(`gives up ${oneLine(title)}: ${oneLine(change.because)}`, columns, '  ', nameIndent)
    if (change.op !== 'adopt') return []
    const text = takenFrom.length > 0 ? 'takes over' : cause === undefined ? 'adopts' : 'notes'
    const remark =
      takenFrom.length > 0
        ? `from manifest ${takenFrom.map(oneLine).join(', ')}, it is as declared`
        : cause === undefined
          ? 'exists already, as declared'
          : 'its declaration or identity changed, it is as declared'
    const line = `  ${text} ${oneLine(title)}`
    const together = `${pad(line, remarkColumn)} ${remark}`
    if (widthOf(together) > columns) {
      const whole = takenFrom.length > 0 ? `${text} ${oneLine(title)} ${remark}` : `${text} ${oneLine(title)}`
      return wrap(whole, columns, '  ', nameIndent)
    }
    return [`${pad(line, remarkColumn)} ${style.dim(remark)}`]
  })
}

function renderUndetermined({ undetermined, refusals }: Plan, { style, columns }: TextOptions): readonly string[] {
  const label = 'could not determine'
  // What is refused was told with its reason.
  const own = undetermined.filter(({ key, follows }) => !follows && !refusals.some((refusal) => refusal.key === key))
  const others = undetermined.filter(({ follows }) => follows).length
  return [
    ...own.flatMap(({ title, reason, hint }) =>
      notice(style.yellow(label), label, `${title}: ${reason}`, hint, columns),
    ),
    ...(others > 0
      ? notice(style.yellow(label), label, `${counted(others, 'object')} that need such`, '', columns)
      : []),
  ]
}

function notice(styled: string, plain: string, text: string, hint: string, columns: number): readonly string[] {
  const [first = '', ...others] = wrap(`${plain} ${oneLine(text)}`, columns, '  ', '    ')
  const more = hint === '' ? [] : wrap(oneLine(hint), columns, '    ')
  return [first.replace(plain, () => styled), ...others, ...more]
}

/** How many views a step fills. A replacement that is not loaded reads nothing, whatever its kind announces. */
function loadCount(step: Step): number {
  if (!step.hazards.some(({ name }) => name === 'reads-source')) return 0
  return step.action === 'replace' ? step.members.filter(({ load }) => load.length > 0).length : 1
}

/** The last line. It says "nothing to change" only if that is known of everything. */
function summaryOf(plan: Plan): string {
  if (plan.leftOut === undefined) return summaryOfAll(plan)
  const drifted = plan.changes.length
  return [
    drifted === 0
      ? 'Nothing was altered outside fdwsync'
      : `${counted(drifted, 'object')} altered outside fdwsync, or in doubt`,
    plan.undetermined.length > 0 ? `${counted(plan.undetermined.length, 'object')} undetermined` : '',
    plan.leftOut > 0 ? `${counted(plan.leftOut, 'other change')} left out` : '',
  ]
    .filter(Boolean)
    .join(' · ')
}

function withSource(summary: string, { source }: Plan): string {
  const differing = new Set(source?.findings.map(({ key }) => key)).size
  return differing === 0
    ? summary
    : `${summary.replace(/\.$/, '')} · ${counted(differing, 'foreign table')} unlike the source`
}

function summaryOfAll(plan: Plan): string {
  const count = (op: Change['op']) => plan.changes.filter(({ change }) => change.op === op).length
  const parts = (['create', 'alter', 'replace', 'drop'] as const).flatMap((op) =>
    count(op) > 0 ? [`${count(op)} to ${op}`] : [],
  )
  const loads = plan.steps.reduce((sum, step) => sum + loadCount(step), 0)
  const unknown = plan.undetermined.length
  const doubt = unknown > 0 ? `${counted(unknown, 'object')} undetermined` : ''
  if (plan.refusals.length > 0)
    return [...parts, doubt, 'This can not be applied: see what is refused.'].filter(Boolean).join(' · ')
  const recorded = count('adopt') + count('release')
  if (parts.length === 0) {
    const known = plan.unchanged + count('adopt')
    if (unknown > 0) return `${counted(known, 'object')} as declared · ${doubt}: "no changes" can not be said.`
    const note = recorded > 0 ? ` ${counted(recorded, 'object')} to record in the ledger.` : ''
    return `Nothing to change: ${counted(known, 'object')} as declared.${note}`
  }
  const changes = parts.join(', ')
  const reading = loads > 0 ? `fills ${counted(loads, 'view')}, reading the source` : ''
  return [changes, recorded > 0 ? `${recorded} to record` : '', reading, doubt].filter(Boolean).join(' · ')
}
