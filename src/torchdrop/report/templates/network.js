(() => {
  "use strict";
  const find = (name) => document.getElementById("network-" + name);
  const data = JSON.parse(find("draws").textContent);
  const nodes = [...document.querySelectorAll("#network .node")];
  const play = find("play");
  const evaluation = find("evaluation");
  let place = 0;
  let timer = null;

  // An edge is drawn if both its ends are kept.
  const edges = (bits) => {
    let path = "";
    for (let layer = 0; layer + 1 < data.nodes.length; layer++) {
      data.nodes[layer].forEach(([x1, y1], i) => {
        if (bits[layer][i] === "0") return;
        data.nodes[layer + 1].forEach(([x2, y2], j) => {
          if (bits[layer + 1][j] === "1") path += `M${x1} ${y1}L${x2} ${y2}`;
        });
      });
    }
    return path;
  };

  const show = (bits, counts) => {
    const flat = bits.join("");
    nodes.forEach((node, i) => node.classList.toggle("dropped", flat[i] === "0"));
    find("edges").setAttribute("d", edges(bits));
    find("counts").textContent = counts;
  };

  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  const draw = (number) => {
    place = number % data.draws.length;
    press(evaluation, false);
    show(data.draws[place].bits, data.draws[place].counts);
  };

  // A screen reader would be flooded by a live text that changes by itself.
  const pause = () => {
    clearInterval(timer);
    timer = null;
    press(play, false);
    play.textContent = "Play";
    find("counts").setAttribute("aria-live", "polite");
  };

  find("next").addEventListener("click", () => {
    pause();
    draw(place + 1);
  });
  play.addEventListener("click", () => {
    if (timer) return pause();
    find("counts").setAttribute("aria-live", "off");
    timer = setInterval(() => draw(place + 1), 900);
    press(play, true);
    play.textContent = "Pause";
    draw(place + 1);
  });
  evaluation.addEventListener("click", () => {
    pause();
    if (evaluation.getAttribute("aria-pressed") === "true") return draw(place);
    press(evaluation, true);
    show(data.nodes.map((layer) => "1".repeat(layer.length)), data.evaluation);
  });

  document.querySelector("#network .controls").hidden = false;
})();
