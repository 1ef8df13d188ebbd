import type { Plan, RefreshReport, Report } from '../core/plan.ts'

export const planJson = (plan: Plan): unknown => ({ plan: plan.changes.map(({ title, change }) => ({ title, op: change.op })) })
export const reportJson = (report: Report): unknown => report
export const refreshJson = (report: RefreshReport): unknown => report
