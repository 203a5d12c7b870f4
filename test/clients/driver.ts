import { Agent, request, type Dispatcher } from 'undici'
import { waitUntil } from '../cluster/wait-until.ts'

/** What a browser keeps: `sid=…`. A credential: never print it. */
export type Cookie = string

/** How requests ended: HTTP status, or `network` when there was no answer, each with its number. */
export type Outcomes = ReadonlyMap<number | 'network', number>

/** How many cookies were accepted (200), refused (401), or met an error (anything else). */
export interface CookieCheck {
  readonly alive: number
  readonly refused: number
  readonly errors: number
}

export interface AppOptions {
  /** Where its users come in, such as `http://198.18.0.1:30080`. */
  readonly url: string
  /** Each of its pods: a pod's held requests are counted and let go at that pod. */
  readonly podUrls: readonly string[]
}

interface Answer {
  readonly status: number | 'network'
  readonly cookie: Cookie | undefined
}

/** Requests in flight at once when many users do the same. */
const concurrency = 32
/** How long one request may take, in ms: longer than a held request waits. */
const answerTimeoutMs = 180_000

/** `200: 50, 503: 2`: for people to read. */
export const printOutcomes = (outcomes: Outcomes): string =>
  [...outcomes].map(([status, number]) => `${status}: ${number}`).join(', ') || 'none'

/** How many ended in another way than `status`. */
export const otherThan = (outcomes: Outcomes, status: number): number =>
  [...outcomes].reduce((sum, [each, number]) => sum + (each === status ? 0 : number), 0)

/** Requests that an application has begun and not answered yet, their sessions loaded. */
export interface HeldRequests {
  /** Lets every one of them go on, and resolves with how they ended. */
  release(): Promise<Outcomes>
}

/** Users of an application under test, over connections that stay open. Close it at the end. */
export class AppUsers {
  readonly #options: AppOptions
  readonly #agent = new Agent({ connections: concurrency, headersTimeout: answerTimeoutMs })
  // A request that is held has a connection to itself.
  readonly #holding = new Agent({ headersTimeout: answerTimeoutMs })

  constructor(options: AppOptions) {
    this.#options = options
  }

  /** Logs in `number` users; resolves with their cookies. Throws unless every login succeeds. */
  async logIn(number: number): Promise<readonly Cookie[]> {
    const answers = await this.#all(userNames(number), (name) => this.#send('POST', `/login?user=${name}`))
    const cookies = answers.flatMap(({ status, cookie }) => (status === 200 && cookie !== undefined ? [cookie] : []))
    if (cookies.length === number) return cookies
    throw new Error(`${number - cookies.length} of ${number} logins failed: ${printOutcomes(count(answers))}`)
  }

  /** Tries `number` logins; resolves with how they ended. */
  async tryLogins(number: number): Promise<Outcomes> {
    return count(await this.#all(userNames(number), (name) => this.#send('POST', `/login?user=${name}`)))
  }

  /** Logs users in who still have a cookie of before; resolves with how that ended, and the cookies that they have then. */
  async logInAgain(cookies: readonly Cookie[]): Promise<{ readonly ended: Outcomes; readonly cookies: Cookie[] }> {
    const answers = await this.#each(cookies, 'POST', '/login?user=again')
    return { ended: count(answers), cookies: answers.map((answer, at) => answer.cookie ?? cookies[at] ?? '') }
  }

  /** Reads a page with each cookie. Who meets an error tries again, as people do, up to three times. */
  async check(cookies: readonly Cookie[]): Promise<CookieCheck> {
    const read = async (cookie: Cookie, triesLeft: number): Promise<Answer> => {
      const answer = await this.#send('GET', '/me', { cookie })
      return answer.status === 200 || answer.status === 401 || triesLeft === 0 ? answer : read(cookie, triesLeft - 1)
    }
    const answers = count(await this.#all(cookies, (cookie) => read(cookie, 3)))
    const alive = answers.get(200) ?? 0
    const refused = answers.get(401) ?? 0
    return { alive, refused, errors: cookies.length - alive - refused }
  }

  /** Reads a page with each cookie, once. */
  async read(cookies: readonly Cookie[]): Promise<Outcomes> {
    return count(await this.#each(cookies, 'GET', '/me'))
  }

  /** Changes each session. */
  async change(cookies: readonly Cookie[]): Promise<Outcomes> {
    return count(await this.#each(cookies, 'GET', '/change'))
  }

  async logOut(cookies: readonly Cookie[]): Promise<Outcomes> {
    return count(await this.#each(cookies, 'POST', '/logout'))
  }

  /** Begins a request for each cookie, one that changes the session or one that does not, and resolves when the application holds all of them. */
  async hold(cookies: readonly Cookie[], { change = false } = {}): Promise<HeldRequests> {
    const path = change ? '/hold?change=1' : '/hold'
    const answers = Promise.all(cookies.map((cookie) => this.#send('GET', path, { cookie, agent: this.#holding })))
    const ended = { done: false }
    void answers.then(() => (ended.done = true))
    await waitUntil(
      `${cookies.length} requests held open`,
      async () => {
        if (ended.done) throw new Error(`they were answered at once: ${printOutcomes(count(await answers))}`)
        return (await this.#held()) >= cookies.length
      },
      { timeoutMs: 60_000 },
    )
    return {
      release: async () => {
        await Promise.all(this.#options.podUrls.map((pod) => this.#release(pod)))
        return count(await answers)
      },
    }
  }

  /** Visitors, four at a time: each reads with one of the cookies and logs in as somebody else. For what an outage looks like to people. */
  async browse(cookies: readonly Cookie[]): Promise<{ readonly reads: Outcomes; readonly logins: Outcomes }> {
    const reads: Answer[] = []
    const logins: Answer[] = []
    const rest = cookies.values()
    const visitor = async () => {
      for (const cookie of rest) {
        reads.push(await this.#send('GET', '/me', { cookie }))
        logins.push(await this.#send('POST', '/login?user=visitor'))
      }
    }
    await Promise.all([visitor(), visitor(), visitor(), visitor()])
    return { reads: count(reads), logins: count(logins) }
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#holding.destroy()])
  }

  async #held(): Promise<number> {
    const pods = await Promise.all(
      this.#options.podUrls.map(async (pod) => {
        const { body } = await request(`${pod}/held`, { dispatcher: this.#agent })
        return ((await body.json()) as { readonly held: number }).held
      }),
    )
    return pods.reduce((sum, held) => sum + held, 0)
  }

  async #release(podUrl: string): Promise<void> {
    const { body } = await request(`${podUrl}/release`, { method: 'POST', dispatcher: this.#agent })
    await body.dump()
  }

  #each(cookies: readonly Cookie[], method: 'GET' | 'POST', path: string): Promise<readonly Answer[]> {
    return this.#all(cookies, (cookie) => this.#send(method, path, { cookie }))
  }

  /** Answers come in the order in which they were given. */
  async #all<T>(items: readonly T[], send: (item: T) => Promise<Answer>): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    const rest = items.entries()
    const worker = async () => {
      for (const [index, item] of rest) answers[index] = await send(item)
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
    return answers
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    { cookie, agent = this.#agent }: { readonly cookie?: Cookie | undefined; readonly agent?: Dispatcher } = {},
  ): Promise<Answer> {
    const headers = cookie === undefined ? {} : { cookie }
    try {
      const answer = await request(`${this.#options.url}${path}`, { method, headers, dispatcher: agent })
      await answer.body.dump()
      const set = [answer.headers['set-cookie'] ?? []].flat()[0]
      return { status: answer.statusCode, cookie: set?.split(';', 1)[0] }
    } catch {
      // Which of the many ways a connection can break does not matter to a user.
      return { status: 'network', cookie: undefined }
    }
  }
}

/** What the users are called, in the order of their cookies. */
export const userNames = (number: number): readonly string[] =>
  Array.from({ length: number }, (_, index) => `user-${index}`)

const count = (answers: readonly Answer[]): Outcomes => {
  const outcomes = new Map<number | 'network', number>()
  for (const { status } of answers) outcomes.set(status, (outcomes.get(status) ?? 0) + 1)
  return outcomes
}
