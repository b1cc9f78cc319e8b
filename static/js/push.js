// Asks a browser to take notifications when nobody looks at WedSync. The page holds every sentence; this shows the one that is so.
(() => {
  const box = document.getElementById('push')
  const worker = navigator.serviceWorker
  const all = selector => [...box.querySelectorAll(selector)]
  const show = state => all('[data-when]').forEach(el => { el.hidden = !el.dataset.when.includes(state) })
  const subscription = at => at?.pushManager.getSubscription()
  const known = s => s && all('[data-endpoint]').find(el => el.dataset.endpoint === s.endpoint)

  const start = async () => {
    show('asking')
    if (await Notification.requestPermission() !== 'granted') return look()
    await worker.register('/sw.js')
    const at = await worker.ready
    await (await subscription(at))?.unsubscribe() // it may be made with another key, or be somebody else's
    const patience = setTimeout(show, 20000, 'unreachable')
    const s = await at.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: box.dataset.key })
    clearTimeout(patience)
    const about = { endpoint: s.endpoint, ...s.toJSON().keys, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }
    const answer = await fetch('/app/push', { method: 'POST', body: new URLSearchParams(about) })
    answer.ok ? location.reload() : show('refused')
  }
  const stop = async () => {
    const s = await subscription(await worker.ready)
    await s.unsubscribe()
    known(s).querySelector('form').submit()
  }
  const look = async () => {
    if (!worker || !window.PushManager) return show(/iP(hone|ad)/.test(navigator.userAgent) ? 'phone' : 'unable')
    if (Notification.permission === 'denied') return show('denied')
    show(known(await subscription(await worker.getRegistration())) ? 'told' : 'silent')
  }
  box.onclick = e => ({ start, stop })[e.target.value]?.().catch(() => show('unreachable'))
  look()
})()
