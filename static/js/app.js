// What makes the pages alive. Everything but liveness works without this file.
(() => {
  const page = document
  const $ = (selector, root = page) => root.querySelector(selector)
  const all = (selector, root = page) => [...root.querySelectorAll(selector)]
  const on = (name, act, early) => page.addEventListener(name, act, early)
  page.documentElement.classList.add('js')

  // ——— times on the reader's own clock ———
  const hm = { hour: '2-digit', minute: '2-digit' }
  const hms = { ...hm, second: '2-digit' }
  const clock = (at, form) => new Date(at).toLocaleTimeString('en-GB', form)
  const day = (at, form) => new Date(at).toLocaleDateString('en-GB', form)
  const localise = within => all('time[data-local]', within).forEach(el => {
    const at = el.dateTime
    if (!Date.parse(at)) return
    el.textContent = el.dataset.local === 'seconds'
      ? clock(at, hms)
      : `${day(at, { weekday: 'short' })} ${day(at, { day: 'numeric', month: 'long', year: 'numeric' })}, ${clock(at, hm)}`
  })

  // ——— the live connection ———
  const HUSH = 25000 // the server speaks at least every 15 s
  const WAIT = 10000 // how long "reconnecting" is said before "stale"

  const say = (state, text) => {
    const el = $('#live-status')
    if (!el || el.textContent === text) return
    el.dataset.state = state
    el.textContent = text
  }

  // Line stands in for EventSource and never ends: htmx's extension sees one connection for the life of the page, and so never
  // starts its own back-off, which climbs to 64 s and loses its listeners on the way.
  class Line extends EventTarget {
    constructor(url) {
      super()
      this.url = url
      this.names = new Set(['beat', 'bye'])
      this.heard = Date.now()
      this.tries = 0
      this.readyState = 0
      addEventListener('online', () => this.redial())
      addEventListener('offline', () => this.lost())
      addEventListener('pageshow', e => e.persisted && this.redial())
      on('visibilitychange', () => {
        clearTimeout(this.nap)
        if (page.hidden) this.nap = setTimeout(() => this.rest(), 3e4)
        else this.woken()
      })
      on('submit', e => e.target.action.endsWith('/logout') && this.close()) // its goodbye is ours
      this.watch = setInterval(() => this.look(), 1000)
      this.dial()
    }

    addEventListener(name, ...how) {
      super.addEventListener(name, ...how)
      if (this.names.has(name)) return
      this.names.add(name)
      this.source?.addEventListener(name, this.pass)
    }

    dial() {
      this.rest()
      const source = this.source = new EventSource(this.url)
      this.dialled = Date.now()
      this.pass = e => source === this.source && this.hear(e)
      source.onopen = () => source === this.source && this.opened()
      source.onerror = () => source === this.source && this.lost()
      this.names.forEach(name => source.addEventListener(name, this.pass))
    }

    opened() {
      this.readyState = 1
      this.tries = 0
      this.alive()
      this.onopen?.(new Event('open'))
    }

    alive() {
      this.heard = Date.now()
      this.since = 0
      say('live', 'Live')
    }

    hear(e) {
      this.alive()
      if (e.type === 'beat') this.beats = true
      if (e.type === 'bye') return this.leave()
      this.dispatchEvent(new MessageEvent(e.type, e))
    }

    // A refused connection, a dropped one and a silent one are the same: close it, and ask again soon.
    lost() {
      this.rest()
      this.since ||= Date.now()
      if (this.closed) return
      if (this.tries === 3) this.askWhy()
    this.timer = setTimeout(() => this.dial(), Math.min(2000, 200 * 2 ** this.tries++) * (0.5 + Math.random() / 2))
      this.look()
    }

    // EventSource does not tell a refusal from a failure, so the page itself is asked whether it is still ours.
    askWhy() {
      fetch(location.href, { redirect: 'manual' }).then(r => r.type === 'opaqueredirect' && this.leave(), () => {})
    }

    // A browser has six connections for a site over HTTP/1.1, and nobody looks at a hidden page: it gives its own back, and is
    // drawn anew when it is looked at.
    rest() {
      clearTimeout(this.timer)
      this.source?.close()
      this.source = null
      this.readyState = 0
    }

    // A page that slept may hold a connection that died unseen: better one too many than a page that only looks live.
    woken() {
      if (!this.readyState || Date.now() - this.heard > HUSH) this.redial()
    }

    redial() {
      if (this.closed) return
      this.tries = this.readyState = 0
      this.since ||= Date.now()
      this.dial()
    }

    // Silence means something only where beats are sent; an attempt that hangs is given up.
    look() {
      const now = Date.now()
      if (this.readyState && this.beats && now - this.heard > HUSH) {
        this.stale()
        this.since = this.heard
        return this.lost()
      }
      if (this.readyState) return
      if (this.source && now - this.dialled > WAIT) return this.lost()
      if (now - (this.since || this.dialled) > WAIT) this.stale()
      else if (this.since) say('reconnecting', 'Reconnecting…')
    }

    stale() { say('stale', `Stale since ${clock(this.heard, hm)}`) }

    leave() {
      this.close()
      location.assign('/login')
    }

    close() {
      this.rest()
      this.closed = true
      this.readyState = 2
      clearInterval(this.watch)
    }
  }
  const { htmx = {} } = window
  htmx.createEventSource = url => new Line(url)

  // Who chooses again or leaves before the answer is there gives a request up. That is no error, though htmx reports it as
  // two; its logger hears of them first. Of a request that failed, sendError or timeout tells.
  htmx.logger = (el, name, detail) => { if (/sendAbort|afterRequest/.test(detail.error)) delete detail.error }

  // ——— a region is replaced: what the reader was doing in it stays, what changed glows ———
  const kept = new WeakMap()
  const address = (el, region) => {
    if (el.id) return '#' + CSS.escape(el.id)
    const path = []
    for (let at = el; at !== region; at = at.parentElement) {
      path.unshift(`:nth-child(${[...at.parentElement.children].indexOf(at) + 1})`)
    }
    return ':scope > ' + path.join(' > ')
  }
  const remember = old => ({
    values: new Map(all('[data-kpi]', old).map(el => [el.dataset.kpi, el.dataset.value])),
    open: all('details[id]', old).map(el => [el.id, el.open]),
    scrolled: all('*', old).filter(el => el.scrollTop || el.scrollLeft).map(el => [address(el, old), el.scrollTop, el.scrollLeft]),
    typed: all('input[id], textarea[id], select[id]', old).filter(dirty).map(el => [el.id, el.value, el.checked]),
    focus: old.contains(page.activeElement) && old !== page.activeElement && address(page.activeElement, old),
    changed: new Map(all('[data-kpi] [data-changed]', old).map(el => [el.closest('[data-kpi]').dataset.kpi, el.textContent])),
  })
  const dirty = el => el.type !== 'hidden' && (el.options
    ? [...el.options].some(o => o.selected !== o.defaultSelected)
    : el.value !== el.defaultValue || el.checked !== el.defaultChecked)

  const restore = (region, was) => {
    const again = id => $('#' + CSS.escape(id), region) || {} // what is gone takes it and is forgotten
    was.open.forEach(([id, open]) => { again(id).open = open })
    was.typed.forEach(([id, value, checked]) => {
      const el = again(id)
      if (/^(checkbox|radio)$/.test(el.type)) el.checked = checked
      else el.value = value
    })
    was.scrolled.forEach(([at, top, left]) => $(at, region)?.scrollTo(left, top))
    if (was.focus && !region.contains(page.activeElement)) $(was.focus, region)?.focus({ preventScroll: true })
  }

  const glow = (region, was) => {
    const news = []
    all('[data-kpi]', region).forEach(el => {
      const { kpi, value } = el.dataset
      const when = $('[data-changed]', el)
      if (!was.values.has(kpi)) return
      if (when) when.textContent = was.changed.get(kpi) || ''
      if (was.values.get(kpi) === value) return
      el.classList.add('is-changed')
      el.onanimationend = () => el.classList.remove('is-changed')
      const at = region.dataset.changedAt
      if (when && at) {
        when.dateTime = at
        when.textContent = clock(at, hms)
      }
      news.push(`${el.ariaLabel || ''} ${$('[data-figure]', el)?.textContent.trim() ?? value}`.trim())
    })
    const voice = $('#announcer')
    if (voice && news.length) voice.textContent = news.join('. ')
  }

  on('htmx:oobBeforeSwap', e => {
    const { target } = e.detail
    kept.set(e.detail.fragment, { id: target.id, was: remember(target) })
  })
  on('htmx:oobAfterSwap', e => {
    const held = kept.get(e.detail.fragment)
    const region = held && page.getElementById(held.id)
    if (!region) return
    kept.delete(e.detail.fragment)
    localise(region)
    restore(region, held.was)
    glow(region, held.was)
  })
  on('htmx:load', e => localise(e.detail.elt))

  // ——— small niceties ———
  const ask = (question, act) => new Promise(answer => {
    const dialog = page.createElement('dialog')
    dialog.ariaLabel = question
    dialog.innerHTML = '<form method="dialog"><p></p><div class="cluster"><button class="button button-secondary" value="">Keep as it is</button><button class="button button-danger" value="yes"></button></div></form>'
    $('p', dialog).textContent = question
    $('[value=yes]', dialog).textContent = act || 'Yes, go on'
    dialog.onclose = () => { answer(dialog.returnValue === 'yes'); dialog.remove() }
    page.body.append(dialog)
    dialog.showModal()
  })
  const confirmed = new WeakSet()

  // Asked before htmx hears of it, so that one question serves both ways of sending.
  on('submit', e => {
    const form = e.target
    const by = e.submitter
    const question = by?.dataset.confirm || form.dataset.confirm
    if (!question || confirmed.delete(form)) return
    e.preventDefault()
    e.stopImmediatePropagation()
    ask(question, by?.textContent.trim()).then(yes => {
      if (!yes) return
      confirmed.add(form)
      form.requestSubmit(by || undefined)
    })
  }, true)

  // A button goes quiet once its form is on its way; not before, or its own value would not be sent.
  const busy = (form, yes) => all('button:not([type=button])', form).forEach(b => {
    b.disabled = yes
    b.ariaBusy = yes || null
  })
  on('submit', e => {
    if (!e.defaultPrevented && e.target.method !== 'dialog') setTimeout(() => busy(e.target, true))
  })
  // What a form tries out at a change leaves its buttons alone: whoever has chosen may press, however slow the preview.
  const sent = e => e.target.matches('form') && e.detail.requestConfig.triggeringEvent?.type !== 'change'
  on('htmx:beforeRequest', e => sent(e) && busy(e.target, true))
  on('htmx:afterRequest', e => sent(e) && busy(e.target, false))
  addEventListener('pageshow', e => e.persisted && all('form').forEach(form => busy(form, false)))

  on('click', e => {
    const button = e.target.closest('[data-copy]')
    const from = button && $(button.dataset.copy)
    if (from) {
      navigator.clipboard.writeText(from.value ?? from.textContent.trim()).then(() => {
        const label = $('[data-copy-label]', button)
        label.textContent = 'Copied'
        setTimeout(() => { label.textContent = 'Copy' }, 2000)
      })
    }
    const more = $('#bar-more[open]')
    if (more && !more.contains(e.target)) more.open = false
  })
  on('keydown', e => {
    const more = e.key === 'Escape' && $('#bar-more[open]')
    if (more) { more.open = false; $('summary', more).focus() }
  })

  localise(page)
})()
