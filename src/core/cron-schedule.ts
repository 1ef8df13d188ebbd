// Schedules as pg_cron reads them: when a job runs, and what is wrong with a schedule that pg_cron would reject.

/** `seconds` is the time between two runs. A job at a `restart` runs once, as the server starts. */
export type CronSchedule =
  | { readonly every: 'seconds'; readonly seconds: number }
  | { readonly every: 'restart' }
  | ({ readonly every: 'date' } & CronFields)

interface CronFields {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  /** `last`: only the last day of each month. */
  readonly daysOfMonth: ReadonlySet<number> | 'last'
  readonly months: ReadonlySet<number>
  /** Sunday is 0. */
  readonly daysOfWeek: ReadonlySet<number>
  /** Whether a date has to match both kinds of days. It has to if one of them begins with `*`; otherwise one match is enough. */
  readonly needsBothDays: boolean
}

export interface CronMistake {
  readonly message: string
}

const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

interface Field {
  readonly name: string
  readonly low: number
  readonly high: number
  readonly names: readonly string[]
}

const fields = {
  minute: { name: 'minute', low: 0, high: 59, names: [] },
  hour: { name: 'hour', low: 0, high: 23, names: [] },
  dayOfMonth: { name: 'day of the month', low: 1, high: 31, names: [] },
  month: {
    name: 'month',
    low: 1,
    high: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  dayOfWeek: { name: 'day of the week', low: 0, high: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
} as const satisfies Record<string, Field>

export function parseCron(text: string): CronSchedule | CronMistake {
  const trimmed = text.trim()
  const [, seconds] = /^(\d+)\s+seconds?$/i.exec(trimmed) ?? []
  if (seconds !== undefined) return parseInterval(Number(seconds))
  if (trimmed === '@reboot' || trimmed === '@restart') return { every: 'restart' }
  const parts = (nicknames[trimmed] ?? trimmed).split(/\s+/)
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts
  if (minute === undefined || hour === undefined || dayOfMonth === undefined) return wrongNumberOfFields
  if (month === undefined || dayOfWeek === undefined || parts.length > 5) return wrongNumberOfFields
  try {
    const schedule: CronSchedule = {
      every: 'date',
      minutes: parseField(fields.minute, minute),
      hours: parseField(fields.hour, hour),
      daysOfMonth: dayOfMonth === '$' ? 'last' : parseField(fields.dayOfMonth, dayOfMonth),
      months: parseField(fields.month, month),
      daysOfWeek: new Set([...parseField(fields.dayOfWeek, dayOfWeek)].map((day) => day % 7)),
      needsBothDays: dayOfMonth.startsWith('*') || dayOfWeek.startsWith('*'),
    }
    return nextRun(schedule, new Date(0)) ? schedule : { message: 'no date matches it' }
  } catch (error) {
    if (error instanceof InvalidField) return { message: error.message }
    throw error
  }
}

const wrongNumberOfFields: CronMistake = {
  message: 'it must have five fields (minute, hour, day of the month, month, day of the week)',
}

function parseInterval(seconds: number): CronSchedule | CronMistake {
  if (seconds >= 1 && seconds <= 59) return { every: 'seconds', seconds }
  return { message: 'an interval must be from 1 to 59 seconds' }
}

class InvalidField extends Error {}

function parseField(field: Field, text: string): ReadonlySet<number> {
  return new Set(text.split(',').flatMap((item) => parseItem(field, item)))
}

// A number, or a range, such as `*` or `1-5`, with or without a step: `8-18/2`.
function parseItem(field: Field, item: string): readonly number[] {
  const [, range = '', step] = /^([^/]*)(?:\/(.*))?$/.exec(item) ?? []
  const [first = '', last, ...more] = range.split('-')
  const isRange = range === '*' || last !== undefined
  if (more.length > 0) throw invalid(field, item)
  const low = range === '*' ? field.low : parseNumber(field, first, item)
  const high = range === '*' ? field.high : last === undefined ? low : parseNumber(field, last, item)
  if (low > high) throw new InvalidField(`the ${field.name} has the range ${range}, which ends before it begins`)
  if (step === undefined) return numbersFrom(low, high, 1)
  if (!isRange)
    throw new InvalidField(`the ${field.name} has a step without a range; write ${range}-${field.high}/${step}`)
  if (!/^[0-9]{1,2}$/.test(step) || Number(step) < 1 || Number(step) > field.high) throw invalid(field, item)
  return numbersFrom(low, high, Number(step))
}

function parseNumber(field: Field, text: string, item: string): number {
  const named = field.names.indexOf(text.toLowerCase())
  if (named >= 0) return named + field.low
  if (!/^[0-9]{1,3}$/.test(text)) throw invalid(field, item)
  const number = Number(text)
  if (number >= field.low && number <= field.high) return number
  throw new InvalidField(`the ${field.name} must be from ${field.low} to ${field.high}, not ${text}`)
}

function invalid({ name }: Field, item: string): InvalidField {
  return new InvalidField(`"${item}" is not valid for the ${name}`)
}

function numbersFrom(low: number, high: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, at) => low + at * step)
}

// February 29 can be eight years away.
const daysToLookAhead = 9 * 366

/**
 * When it runs next where the clocks are those of a time zone; undefined also for a zone that is not known here. A run in the hour that is left
 * out or repeated as clocks change may be an hour off.
 */
export function nextRunIn(timeZone: string, schedule: CronSchedule, after: Date): Date | undefined {
  const ahead = offsetOf(timeZone, after)
  if (ahead === undefined) return undefined
  const local = nextRun(schedule, new Date(after.getTime() + ahead))
  if (!local) return undefined
  const aheadThen = offsetOf(timeZone, new Date(local.getTime() - ahead)) ?? ahead
  return new Date(local.getTime() - aheadThen)
}

/** How many milliseconds its clocks are ahead of UTC. */
function offsetOf(timeZone: string, at: Date): number | undefined {
  try {
    const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at)
    const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(text) ?? []
    return (sign === '-' ? -60_000 : 60_000) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** When it runs next, by clocks that show UTC; undefined for a job that runs at a restart. */
export function nextRun(schedule: CronSchedule, after: Date): Date | undefined {
  if (schedule.every === 'restart') return undefined
  if (schedule.every === 'seconds') return new Date(after.getTime() + schedule.seconds * 1000)
  const from = new Date(Math.floor(after.getTime() / 60_000 + 1) * 60_000)
  for (let day = 0; day < daysToLookAhead; day++) {
    const start = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate() + day))
    const time = matchesDay(schedule, start) ? firstTime(schedule, start, from) : undefined
    if (time) return time
  }
  return undefined
}

function matchesDay({ months, daysOfMonth, daysOfWeek, needsBothDays }: CronFields, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1)) return false
  const ofMonth = daysOfMonth === 'last' ? isLastOfMonth(date) : daysOfMonth.has(date.getUTCDate())
  const ofWeek = daysOfWeek.has(date.getUTCDay())
  return needsBothDays ? ofMonth && ofWeek : ofMonth || ofWeek
}

function isLastOfMonth(date: Date): boolean {
  return new Date(date.getTime() + 86_400_000).getUTCDate() === 1
}

/** The first time on a day that is not before `from`. */
function firstTime({ hours, minutes }: CronFields, day: Date, from: Date): Date | undefined {
  const ordered = (numbers: ReadonlySet<number>) => [...numbers].sort((left, right) => left - right)
  for (const hour of ordered(hours)) {
    for (const minute of ordered(minutes)) {
      const time = new Date(day.getTime() + hour * 3_600_000 + minute * 60_000)
      if (time >= from) return time
    }
  }
  return undefined
}
