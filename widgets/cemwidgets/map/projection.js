// The Natural Earth projection (T. Patterson): countries keep their look, the north is not blown up as in Mercator.
(function () {
  const rad = Math.PI / 180;
  const across = (p) => { const p2 = p * p, p4 = p2 * p2; return 0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4)); };
  const up = (p) => { const p2 = p * p, p4 = p2 * p2; return p * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4))); };
  const slope = (p) => { const p2 = p * p, p4 = p2 * p2; return 1.007226 + p2 * (0.045255 + p4 * (-0.311325 + 0.259866 * p2 - 0.06507600000000001 * p4)); };
  const centre = 11 * rad; // the cut runs through the Bering Strait
  L.CRS.CemWorld = L.extend({}, L.CRS.EPSG4326, {
    code: "CemWorld",
    infinite: true,
    wrapLng: undefined,
    projection: {
      project: (at) => { const p = at.lat * rad; return new L.Point((at.lng * rad - centre) * across(p), up(p)); },
      unproject: (point) => {
        let p = point.y;
        for (let i = 0; i < 12; i++) { const step = (up(p) - point.y) / slope(p); p -= step; if (Math.abs(step) < 1e-9) break; }
        return new L.LatLng(p / rad, (point.x / across(p) + centre) / rad);
      },
      bounds: L.bounds([-3, -1.5], [3, 1.5]),
    },
    transformation: new L.Transformation(0.18, 0.5, -0.18, 0.5),
  });
})();
