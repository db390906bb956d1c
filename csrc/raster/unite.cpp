// The arrangement of all edges on an integer grid: cut at every meeting, find the winding number on
// both sides of each piece exactly, keep the pieces between filled and empty, chain them. Quadratic
// in the number of edges, which is a few hundred, and done once a glyph.
#include "raster/unite.h"

#include <cstdint>
#include <map>
#include <utility>

namespace seal2real {
namespace {

// Grid units per em or mm: 1/65536 em is 0.001 px at 64 px per em. Coordinates stay below 2^26 and
// their products below 2^53.
constexpr double kGrid = 65536.0;
constexpr int kMaxRounds = 24;  // rounded crossings may cross again; 2 to 4 rounds are usual

struct Node {
  int64_t x;
  int64_t y;
  bool operator==(const Node& o) const { return x == o.x && y == o.y; }
  bool operator!=(const Node& o) const { return !(*this == o); }
  bool operator<(const Node& o) const { return x != o.x ? x < o.x : y < o.y; }
};

struct Piece {
  Node a;
  Node b;
};

int64_t side_of(Node a, Node b, Node p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

bool boxes_meet(const Piece& p, const Piece& q) {
  return std::max(p.a.x, p.b.x) >= std::min(q.a.x, q.b.x) &&
         std::max(q.a.x, q.b.x) >= std::min(p.a.x, p.b.x) &&
         std::max(p.a.y, p.b.y) >= std::min(q.a.y, q.b.y) &&
         std::max(q.a.y, q.b.y) >= std::min(p.a.y, p.b.y);
}

// `p` lies on the piece, but is not one of its ends.
bool inside(const Piece& piece, Node p) {
  return p != piece.a && p != piece.b && side_of(piece.a, piece.b, p) == 0 &&
         p.x >= std::min(piece.a.x, piece.b.x) && p.x <= std::max(piece.a.x, piece.b.x) &&
         p.y >= std::min(piece.a.y, piece.b.y) && p.y <= std::max(piece.a.y, piece.b.y);
}

bool opposite(int64_t a, int64_t b) { return (a < 0 && b > 0) || (a > 0 && b < 0); }

// Where the interiors of two pieces cross, rounded to the grid.
bool crossing(const Piece& p, const Piece& q, Node& at) {
  const int64_t qa = side_of(p.a, p.b, q.a);
  const int64_t qb = side_of(p.a, p.b, q.b);
  if (!opposite(qa, qb) || !opposite(side_of(q.a, q.b, p.a), side_of(q.a, q.b, p.b))) {
    return false;
  }
  const double t = static_cast<double>(qa) / (static_cast<double>(qa) - static_cast<double>(qb));
  const double x = static_cast<double>(q.a.x) + t * static_cast<double>(q.b.x - q.a.x);
  const double y = static_cast<double>(q.a.y) + t * static_cast<double>(q.b.y - q.a.y);
  at = {static_cast<int64_t>(std::floor(x + 0.5)), static_cast<int64_t>(std::floor(y + 0.5))};
  return true;
}

std::vector<Piece> to_pieces(const std::vector<Polyline>& contours) {
  std::vector<Piece> pieces;
  for (const Polyline& contour : contours) {
    std::vector<Node> nodes;
    for (const Point p : contour) {
      nodes.push_back({static_cast<int64_t>(std::floor(p.x * kGrid + 0.5)),
                       static_cast<int64_t>(std::floor(p.y * kGrid + 0.5))});
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
      const Node next = nodes[(i + 1) % nodes.size()];
      if (nodes[i] != next) {
        pieces.push_back({nodes[i], next});
      }
    }
  }
  return pieces;
}

// Cut points of every piece; true when there is any.
bool find_cuts(const std::vector<Piece>& pieces, std::vector<std::vector<Node>>& cuts) {
  cuts.assign(pieces.size(), {});
  bool any = false;
  const auto cut = [&](size_t i, Node at) {
    if (at != pieces[i].a && at != pieces[i].b) {
      cuts[i].push_back(at);
      any = true;
    }
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (size_t j = i + 1; j < pieces.size(); ++j) {
      const Piece& p = pieces[i];
      const Piece& q = pieces[j];
      if (!boxes_meet(p, q)) {
        continue;
      }
      Node at{};
      if (crossing(p, q, at)) {
        cut(i, at);
        cut(j, at);
        continue;
      }
      for (const Node end : {q.a, q.b}) {
        if (inside(p, end)) {
          cut(i, end);
        }
      }
      for (const Node end : {p.a, p.b}) {
        if (inside(q, end)) {
          cut(j, end);
        }
      }
    }
  }
  return any;
}

std::vector<Piece> apply_cuts(const std::vector<Piece>& pieces,
                              std::vector<std::vector<Node>>& cuts) {
  std::vector<Piece> out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Node start = pieces[i].a;
    const auto along = [&](Node n) {
      return (n.x - start.x) * (pieces[i].b.x - start.x) +
             (n.y - start.y) * (pieces[i].b.y - start.y);
    };
    std::sort(cuts[i].begin(), cuts[i].end(),
              [&](Node m, Node n) { return along(m) != along(n) ? along(m) < along(n) : m < n; });
    cuts[i].push_back(pieces[i].b);
    Node pen = start;
    for (const Node next : cuts[i]) {
      if (next != pen) {
        out.push_back({pen, next});
      }
      pen = next;
    }
  }
  return out;
}

// Undirected pieces with how often they run from the lesser to the greater end, less the reverse.
using Counted = std::map<std::pair<Node, Node>, int>;

Counted count_pieces(const std::vector<Piece>& pieces) {
  Counted counted;
  for (const Piece& p : pieces) {
    if (p.a < p.b) {
      ++counted[{p.a, p.b}];
    } else {
      --counted[{p.b, p.a}];
    }
  }
  return counted;
}

// Turned by -90 degrees: keeps orientation, makes horizontal pieces vertical.
Node turned(Node n) { return {n.y, -n.x}; }

// Winding number just right (+x) of the middle of piece a-b: signed crossings of a ray to +x.
int winding_right(Node a, Node b, const Counted& counted, bool turn) {
  const Node middle = {a.x + b.x, a.y + b.y};  // doubled coordinates
  int winding = 0;
  for (const auto& [ends, count] : counted) {
    Node p = turn ? turned(ends.first) : ends.first;
    Node q = turn ? turned(ends.second) : ends.second;
    if ((p == a && q == b) || (p == b && q == a)) {
      continue;
    }
    p = {2 * p.x, 2 * p.y};
    q = {2 * q.x, 2 * q.y};
    const bool up = p.y <= middle.y && middle.y < q.y;
    const bool down = q.y <= middle.y && middle.y < p.y;
    if (up || down) {
      const int64_t side = side_of(p, q, middle);
      if (up ? side > 0 : side < 0) {  // the ray's start is left of it
        winding += up ? count : -count;
      }
    }
  }
  return winding;
}

// Pieces with filled on one side only, directed so that it lies on their left (y up).
std::vector<Piece> boundary(const Counted& counted) {
  std::vector<Piece> out;
  for (const auto& [ends, count] : counted) {
    if (count == 0) {
      continue;
    }
    const bool turn = ends.first.y == ends.second.y;
    const Node a = turn ? turned(ends.first) : ends.first;
    const Node b = turn ? turned(ends.second) : ends.second;
    const int right = winding_right(a, b, counted, turn);
    const int left = right + (b.y > a.y ? count : -count);
    if ((left != 0) != (right != 0)) {
      const bool rising = b.y > a.y;
      const bool forward = (left != 0) == rising;
      out.push_back(forward ? Piece{ends.first, ends.second} : Piece{ends.second, ends.first});
    }
  }
  return out;
}

std::vector<Polyline> chain(const std::vector<Piece>& pieces) {
  std::multimap<Node, Node> next;
  for (const Piece& p : pieces) {
    next.emplace(p.a, p.b);
  }
  std::vector<Polyline> out;
  while (!next.empty()) {
    const Node start = next.begin()->first;
    Node pen = start;
    Polyline contour;
    do {
      contour.push_back({static_cast<double>(pen.x) / kGrid, static_cast<double>(pen.y) / kGrid});
      const auto found = next.find(pen);
      if (found == next.end()) {
        break;  // cannot happen: every node has as many pieces in as out
      }
      pen = found->second;
      next.erase(found);
    } while (pen != start);
    if (contour.size() >= 3) {
      out.push_back(std::move(contour));
    }
  }
  return out;
}

double twice_area(const Polyline& contour) {
  double area = 0.0;
  for (size_t i = 0; i < contour.size(); ++i) {
    area += cross(contour[i], contour[(i + 1) % contour.size()]);
  }
  return area;
}

// Nothing to do: no piece runs twice, and every contour has filled (winding 1) on its left and
// empty (winding 0) on its right.
bool winds_once(const std::vector<Polyline>& contours, const std::vector<Piece>& pieces) {
  const Counted counted = count_pieces(pieces);
  for (const auto& [ends, count] : counted) {
    if (count != 1 && count != -1) {
      return false;
    }
  }
  for (const Polyline& contour : contours) {
    const std::vector<Piece> own = to_pieces({contour});
    if (own.empty()) {
      continue;
    }
    // No contour crosses another, so one piece tells for all of its contour.
    const Piece& p = own.front();
    const bool turn = p.a.y == p.b.y;
    const Node a = turn ? turned(p.a) : p.a;
    const Node b = turn ? turned(p.b) : p.b;
    const int right = winding_right(a, b, counted, turn);
    const int left = right + (b.y > a.y ? 1 : -1);
    const bool filled_left = b.y > a.y ? left == 1 && right == 0 : left == 0 && right == 1;
    if (!filled_left) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<Polyline> unite(const std::vector<Polyline>& contours) {
  std::vector<Polyline> usable;
  for (const Polyline& contour : contours) {
    if (contour.size() >= 3 && twice_area(contour) != 0.0) {
      usable.push_back(contour);
    }
  }
  std::vector<Piece> pieces = to_pieces(usable);
  std::vector<std::vector<Node>> cuts;
  bool any = find_cuts(pieces, cuts);
  if (!any && winds_once(usable, pieces)) {
    return usable;
  }
  for (int round = 0; any && round < kMaxRounds; ++round) {
    pieces = apply_cuts(pieces, cuts);
    any = find_cuts(pieces, cuts);
  }
  return chain(boundary(count_pieces(pieces)));
}

}  // namespace seal2real
