// A stand-in for GitHub's command line, with the few requests of our workflows. State is one JSON file: GH_STATE.

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface State {
  /** Of the pull request. */
  comments: { id: number; body: string }[]
  issues: { number: number; body: string; isOpen: boolean }[]
  /** The pull request that a commit belongs to. */
  pull: { number: number; head: string } | null
  /** The artifact of the run for a head commit, if that has succeeded. */
  artifacts: Record<string, string>
}

const file = process.env.GH_STATE ?? ''
const state: State = JSON.parse(readFileSync(file, 'utf8'))
const args = process.argv.slice(2)
const argumentOf = (option: string) => args[args.indexOf(option) + 1] ?? ''
const bodyFile = () => readFileSync(argumentOf('--field').replace('body=@', ''), 'utf8')
const print = (text: string | number) => process.stdout.write(`${text}\n`)

function api(path: string): void {
  const method = args.includes('--method') ? argumentOf('--method') : 'GET'
  if (/\/issues\/\d+\/comments$/.test(path) && method === 'GET') {
    for (const { id, body } of state.comments) if (body.startsWith('<!-- fdwsync-plan -->')) print(id)
  } else if (/\/issues\/\d+\/comments$/.test(path)) {
    state.comments.push({ id: 100 + state.comments.length, body: bodyFile() })
  } else if (method === 'PATCH') {
    const found = state.comments.find(({ id }) => path.endsWith(`/issues/comments/${id}`))
    if (!found) throw new Error(`no comment ${path}`)
    found.body = bodyFile()
  } else if (path.endsWith('/pulls')) {
    if (state.pull) print(`number=${state.pull.number}\nhead=${state.pull.head}`)
  } else if (path.includes('/actions/workflows/fdwsync-plan.yaml/runs?')) {
    const head = /head_sha=(\w*)/.exec(path)?.[1] ?? ''
    // GitHub takes an empty parameter for none.
    const [found] = Object.keys(state.artifacts).filter((each) => head === '' || each === head)
    if (found !== undefined) print(`7${found}`)
  } else {
    throw new Error(`unknown request ${path}`)
  }
}

function issue(action: string): void {
  const number = Number(args[2])
  const found = state.issues.find((each) => each.number === number)
  if (action === 'list') for (const each of state.issues.filter(({ isOpen }) => isOpen).slice(0, 1)) print(each.number)
  else if (action === 'create') {
    state.issues.push({
      number: state.issues.length + 1,
      body: readFileSync(argumentOf('--body-file'), 'utf8'),
      isOpen: true,
    })
  } else if (found && action === 'edit') found.body = readFileSync(argumentOf('--body-file'), 'utf8')
  else if (found && action === 'close') found.isOpen = false
  else throw new Error(`unknown request: issue ${action}`)
}

function download(run: string): void {
  const source = state.artifacts[run.slice(1)] ?? ''
  if (!existsSync(source)) throw new Error(`no artifact of run ${run}`)
  mkdirSync(argumentOf('--dir'), { recursive: true })
  copyFileSync(source, join(argumentOf('--dir'), 'plan.json'))
}

const [group = '', action = ''] = args
if (group === 'api') api(args.find((each) => each.startsWith('repos/')) ?? '')
else if (group === 'issue') issue(action)
else if (group === 'run' && action === 'download') download(args[2] ?? '')
else if (group !== 'label') throw new Error(`unknown request: ${args.join(' ')}`)
writeFileSync(file, JSON.stringify(state))
