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
  var SAYS = { fail: "#c80000", undetermined: "#78008c", conditional: "#b26a00", pass: "#3c6e8c" };
  var STYLES = {
    zones: function (f) { return { color: "#6e6e6e", weight: 1, fillColor: f.properties.colour, fillOpacity: 1 }; },
    roads: function (f) {
      var line = /Line/.test(f.geometry.type);
      return { color: "#3c3c3c", weight: line ? 2 : 0, dashArray: line ? "12 4 2 4" : null, fillColor: "#8c8c8c", fillOpacity: 0.2 };
    },
    overlay: function (f) {
      var colour = SAYS[f.properties.says];
      return { color: colour, weight: 2, dashArray: "2 5", fillColor: colour, fillOpacity: 0.12 };
    },
    existing: { color: "#785f46", weight: 1, fillColor: "#cdc3b9", fillOpacity: 0.9 },
    approvable: { color: "#006e28", weight: 4, dashArray: "8 6", fill: false },
    conditional: { color: "#b26a00", weight: 2, fillColor: "#b26a00", fillOpacity: 0.15 },
    undetermined: { color: "#78008c", weight: 2, fillColor: "#78008c", fillOpacity: 0.25 },
    fail: { color: "#c80000", weight: 2, fillColor: "#c80000", fillOpacity: 0.3 },
    setbacks: function (f) {
      return { color: "#0047ab", weight: f.properties.side === "front" ? 3 : 2, dashArray: f.properties.side === "front" ? "10 5" : "3 4" };
    },
    suggested: { color: "#006e28", weight: 3, dashArray: "2 5", fillColor: "#006e28", fillOpacity: 0.1 },
    footprint: { color: "#000000", weight: 2, fillColor: "#ffffff", fillOpacity: 0.55 },
    parcel: { color: "#000000", weight: 3, fill: false }
  };
  function styleOf(kind, feature) {
    var style = STYLES[kind];
    return typeof style === "function" ? style(feature) : style;
  }
  function layer(part) {
    return L.geoJSON(part.features, {
      style: function (feature) { return styleOf(part.kind, feature); },
      pointToLayer: function (_, place) { return L.circleMarker(place, { radius: 5 }); },
      onEachFeature: function (feature, drawn) { drawn.bindPopup(told(feature.properties.told)); }
    });
  }
  // A key for the list of layers; the names in it are escaped already.
  function named(part) {
    var style = styleOf(part.kind, part.features[part.features.length - 1]);
    var fill = style.fill === false || part.kind === "zones" || part.kind === "setbacks" ? "none" : style.fillColor;
    var line = part.kind === "setbacks" || part.kind === "roads";
    var dash = style.dashArray ? ' stroke-dasharray="' + style.dashArray.split(" ").map(function (n) { return n / 2; }).join(" ") + '"' : "";
    var stroke = ' stroke="' + style.color + '" stroke-width="' + Math.min(style.weight, 2) + '"' + dash;
    return '<svg class="key" viewBox="0 0 18 12">' + (line
      ? '<path d="M0 6H18" fill="none"' + stroke + "/>"
      : '<rect x="1" y="1" width="16" height="10" fill="' + fill + '" fill-opacity="' + (style.fillOpacity || 1) + '"' + stroke + "/>") + "</svg>" + part.name;
  }
  function rings(polygon) {
    var found = polygon.getLatLngs();
    return found.length && found[0].length && Array.isArray(found[0][0]) ? found : [found];
  }
  // How far inside rings (in pixels) a place is: negative outside.
  function depth(place, outlines) {
    var inside = false, least = Infinity;
    outlines.forEach(function (ring) {
      for (var i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        var a = ring[i], b = ring[j];
        if ((a.y > place.y) !== (b.y > place.y) && place.x < (b.x - a.x) * (place.y - a.y) / (b.y - a.y) + a.x) { inside = !inside; }
        least = Math.min(least, L.LineUtil.pointToSegmentDistance(place, a, b));
      }
    });
    return inside ? least : -least;
  }
  function meets(x, y, box) { return x > box.left - 30 && x < box.right + 30 && y > box.top - 11 && y < box.bottom + 11; }
  // The place for a name: in the part of a zone that is seen, away from its outline, other names and buttons.
  function room(outlines, size, taken) {
    var best = null, most = 5, x, y;
    for (y = 12; y <= size.y - 12; y += 14) {
      for (x = 24; x <= size.x - 24; x += 14) {
        var place = L.point(x, y);
        if (taken.some(function (box) { return meets(x, y, box); })) { continue; }
        var far = Math.min(depth(place, outlines), x, size.x - x, y, size.y - y, 60);
        far -= 0.02 * place.distanceTo(L.point(size.x / 2, size.y / 2));
        if (far > most) { most = far; best = place; }
      }
    }
    return best;
  }
  function nameZones(map, zones, names) {
    var size = map.getSize(), at = map.getContainer().getBoundingClientRect();
    var taken = Array.prototype.map.call(map.getContainer().querySelectorAll(".leaflet-control"), function (button) {
      var box = button.getBoundingClientRect();
      return { left: box.left - at.left, right: box.right - at.left, top: box.top - at.top, bottom: box.bottom - at.top };
    });
    names.clearLayers();
    zones.eachLayer(function (zone) {
      rings(zone).forEach(function (polygon) {
        var outlines = polygon.map(function (ring) { return ring.map(function (p) { return map.latLngToContainerPoint(p); }); });
        var place = room(outlines, size, taken);
        if (!place) { return; }
        taken.push({ left: place.x - 30, right: place.x + 30, top: place.y - 11, bottom: place.y + 11 });
        L.tooltip({ permanent: true, direction: "center", className: "code" })
          .setLatLng(map.containerPointToLatLng(place))
          .setContent(element("span", zone.feature.properties.code)).addTo(names);
      });
    });
  }
  function draw(place) {
    var data = JSON.parse(document.getElementById(place.dataset.map).textContent);
    var map = L.map(place, { attributionControl: false, zoomControl: false, maxZoom: 24, zoomSnap: 0.25, preferCanvas: false });
    var overlays = {}, parcel = null, zones = null, names = L.layerGroup();
    data.layers.forEach(function (part) {
      var drawn = layer(part);
      if (part.kind === "parcel" || (part.kind === "footprint" && !parcel)) { parcel = drawn; }
      if (part.kind === "zones") { zones = drawn; drawn = L.layerGroup([drawn, names]); }
      overlays[named(part)] = drawn;
    });
    var control = L.control.layers(null, overlays, { collapsed: window.innerWidth < 600 || data.layers.length > 12 }).addTo(map);
    L.control.zoom({ zoomInTitle: data.words[1], zoomOutTitle: data.words[2] }).addTo(map);
    var toggle = control.getContainer().querySelector("a");
    toggle.title = data.words[0];
    toggle.setAttribute("aria-label", data.words[0]);
    L.control.scale({ imperial: false }).addTo(map);
    var wide = Math.min(control.getContainer().offsetWidth, map.getSize().x / 2);
    map.fitBounds(parcel.getBounds().pad(0.35), { animate: false, paddingBottomRight: [wide, 0] });
    Object.keys(overlays).forEach(function (name) { overlays[name].addTo(map); });
    if (zones) {
      nameZones(map, zones, names);
      map.on("moveend resize", function () { nameZones(map, zones, names); });
    }
    place.dataset.drawn = Object.keys(overlays).length;
  }
  Array.prototype.forEach.call(document.querySelectorAll("[data-map]"), draw);
})();
