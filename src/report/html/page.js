(function () {
  "use strict";
  var all = function (selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); };
  var byId = function (id) { return document.getElementById(id); };

  /* Copy buttons: one a command. */
  var copyText = function (text, done) {
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done, function () { done(false); }); return; }
    var area = document.createElement("textarea");
    area.value = text; area.setAttribute("readonly", ""); area.className = "jump";
    document.body.appendChild(area); area.select();
    var copied = false;
    try { copied = document.execCommand("copy"); } catch (refused) { copied = false; }
    area.remove(); done(copied === false ? false : true);
  };
  all("pre.command").forEach(function (block) {
    var button = document.createElement("button"), code = block.querySelector("code");
    button.type = "button"; button.className = "copy"; button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + code.textContent.slice(0, 60));
    button.addEventListener("click", function () {
      copyText(code.textContent, function (copied) {
        button.textContent = copied === false ? "Select and copy" : "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 2000);
      });
    });
    block.classList.add("copyable"); block.appendChild(button);
  });

  /* A link to a result opens it, and all that it is in. */
  var open = function () {
    var id = decodeURIComponent(location.hash.slice(1)), target = id && byId(id);
    if (!target) { return; }
    for (var at = target; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; at.hidden = false; } }
    (target.closest("details") || target).scrollIntoView();
  };
  addEventListener("hashchange", open);

  /* Filters: a result is shown when it meets all of them. */
  var form = byId("filters"), find = byId("find"), shown = byId("shown");
  var items = all(".item").map(function (item) {
    var names = all(".subject", item).map(function (one) { return one.textContent; });
    all(".names", item).forEach(function (rest) { names = names.concat(rest.textContent.split(", ")); });
    var whom = item.querySelector(".whom");
    if (whom) { names.push(whom.textContent); }
    var server = item.closest(".server");
    return { item: item, names: names, text: null, server: server ? server.dataset.server : "", status: item.dataset.status,
      owners: item.dataset.owners.split(" "), severity: item.dataset.severity };
  });
  var rows = all(".matrix tr.box");
  var chosen = function (id) { var field = byId(id); return field ? field.value : ""; };
  var textOf = function (one) { if (one.text === null) { one.text = one.item.textContent.toLowerCase(); } return one.text; };
  var matches = function (one, word) {
    var old = one.item.querySelector(".matches");
    if (old) { old.remove(); }
    if (!word || one.names.length < 2) { return; }
    var hits = one.names.filter(function (name) { return name.toLowerCase().indexOf(word) >= 0; });
    if (!hits.length || hits.length === one.names.length) { return; }
    var line = document.createElement("span");
    line.className = "matches";
    line.textContent = "matches: " + hits.slice(0, 5).join(", ") + (hits.length > 5 ? " and " + (hits.length - 5) + " more" : "");
    one.item.querySelector(".what").appendChild(line);
  };
  var apply = function () {
    var word = find.value.trim().toLowerCase(), owner = chosen("owner"), severity = chosen("severity"), server = chosen("server"), mailbox = chosen("mailbox");
    var statuses = all("input[name=status]:checked", form).map(function (box) { return box.value; });
    var count = 0;
    items.forEach(function (one) {
      var is = (!statuses.length || statuses.indexOf(one.status) >= 0) && (!owner || one.owners.indexOf(owner) >= 0) && (!severity || one.severity === severity) &&
        (!server || one.server === server) && (!mailbox || one.names.indexOf(mailbox) >= 0) && (!word || textOf(one).indexOf(word) >= 0);
      one.item.hidden = !is;
      if (is) { count += 1; }
      matches(one, is ? word : "");
    });
    rows.forEach(function (row) { var text = row.textContent.toLowerCase(); row.hidden = !!((word && text.indexOf(word) < 0) || (mailbox && text.indexOf(mailbox.toLowerCase()) < 0)); });
    all(".section").forEach(function (section) { section.hidden = !section.querySelector(".item:not([hidden])"); });
    all(".owner").forEach(function (card) { card.hidden = !!owner && card.dataset.owner !== owner; });
    all(".server").forEach(function (one) { one.hidden = !!server && one.dataset.server !== server; if (server && !one.hidden) { one.open = true; } });
    var active = word || owner || severity || server || mailbox || statuses.length;
    shown.textContent = active ? count + " of " + items.length + " results shown" : "";
  };
  var wait = 0;
  find.addEventListener("input", function () { clearTimeout(wait); wait = setTimeout(apply, 120); });
  form.addEventListener("change", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  var expand = byId("expand");
  expand.addEventListener("click", function () {
    var opening = expand.textContent === "Expand all";
    all(".item:not([hidden]), .server:not([hidden])").forEach(function (item) { item.open = opening; });
    expand.textContent = opening ? "Collapse all" : "Expand all";
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); find.focus(); }
  });
  form.hidden = false;
  open();
})();
