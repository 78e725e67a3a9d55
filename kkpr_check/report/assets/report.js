"use strict";
// Draws the maps of the page. Foreign text only ever becomes a text node.
(function () {
  function element(name, text) {
    var made = document.createElement(name);
    made.textContent = text;
    return made;
  }
  function told(lines) {
    var box = document.createElement("div");
    lines.forEach(function (line, at) { box.appendChild(element(at ? "p" : "strong", line)); });
    return box;
  }
  function layer(features, style) {
    return L.geoJSON(features, {
      style: style,
      pointToLayer: function (_, place) { return L.circleMarker(place, { radius: 5 }); },
      onEachFeature: function (feature, drawn) { drawn.bindPopup(told(feature.properties.told)); }
    });
  }
  var STYLES = {
    zones: function (f) { return { color: "#6e6e6e", weight: 1, fillColor: f.properties.colour, fillOpacity: 0.75 }; },
    existing: { color: "#785f46", weight: 1, fillColor: "#cdc3b9", fillOpacity: 0.9 },
    approvable: { color: "#006e28", weight: 4, dashArray: "8 6", fill: false },
    conditional: { color: "#b26a00", weight: 2, fillColor: "#b26a00", fillOpacity: 0.15 },
    undetermined: { color: "#78008c", weight: 2, fillColor: "#78008c", fillOpacity: 0.25 },
    fail: { color: "#c80000", weight: 2, fillColor: "#c80000", fillOpacity: 0.3 },
    footprint: { color: "#000000", weight: 2, fillColor: "#ffffff", fillOpacity: 0.55 },
    parcel: { color: "#000000", weight: 3, fill: false }
  };
  function draw(place) {
    var data = JSON.parse(document.getElementById(place.dataset.map).textContent);
    var map = L.map(place, { attributionControl: false, maxZoom: 24, zoomSnap: 0.25, preferCanvas: false });
    var overlays = {}, parcel = null;
    data.layers.forEach(function (part) {
      var drawn = layer(part.features, STYLES[part.kind]).addTo(map);
      overlays[part.name] = drawn;
      if (part.kind === "parcel" || (part.kind === "footprint" && !parcel)) { parcel = drawn; }
      if (part.kind === "zones") {
        drawn.eachLayer(function (zone) {
          zone.bindTooltip(element("span", zone.feature.properties.code), { permanent: true, direction: "center", className: "code" });
        });
      }
    });
    L.control.layers(null, overlays, { collapsed: window.innerWidth < 600 }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    map.fitBounds(parcel.getBounds().pad(0.6), { animate: false });
    place.dataset.drawn = Object.keys(overlays).length;
  }
  Array.prototype.forEach.call(document.querySelectorAll("[data-map]"), draw);
})();
