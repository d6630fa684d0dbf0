// The search runs in a worker, and a browser starts none from a file. Where pages are opened as
// files, the worker's script lives in a hidden frame instead.
if (location.protocol === "file:")
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.srcdoc = `<script>
          postMessage = data => frameElement.dispatchEvent(new MessageEvent("message", {data}))
        </script>
        <script src="${url}"></script>`
      frame.addEventListener("message", ({data}) =>
        this.dispatchEvent(new MessageEvent("message", {data})))
      this.inside = new Promise(done => (frame.onload = () => done(frame.contentWindow)))
      document.body.append(frame)
    }

    postMessage(data) {
      this.inside.then(frame => frame.dispatchEvent(new MessageEvent("message", {data})))
    }
  }
