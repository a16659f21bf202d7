/** The car's steady speed, m/s. */
export const SPEED = 10;
/** The time of one step, s: ten pictures a second. */
export const STEP = 0.1;
/** The largest inverse turning radius, 1/m: 8 m is the tightest turn. */
export const LOCK = 0.125;

/** Between the axles, m. */
const WHEELBASE = 2.7;
/** How fast the front wheels turn, rad/s. */
const STEERING_RATE = 1;
/** Parts of a step: the wheels turn while the car moves. */
const PARTS = 4;

/** A car's pose: the middle of its rear axle, m; its direction, rad from the x axis counterclockwise; its front wheels' angle, rad. */
export interface Car {
  x: number;
  y: number;
  heading: number;
  wheels: number;
}

/** The wheels' angle that drives a circle of inverse radius κ, rad, positive to the left: tan δ = L κ. */
export function wheelsFor(curvature: number): number {
  return Math.atan(WHEELBASE * curvature);
}

/** The inverse radius of the circle that the wheels' angle drives, 1/m. */
export function curvatureOf(wheels: number): number {
  return Math.tan(wheels) / WHEELBASE;
}

/**
 * One step of the kinematic bicycle, which rolls without slipping; the wheels turn towards the angle that the wanted inverse
 * radius takes, no faster than they can:
 *   ẋ = v cos ψ,  ẏ = v sin ψ,  ψ̇ = v tan δ / L,  |δ̇| ≤ 1 rad/s
 * Changes the car in place. Exact along arcs of constant δ up to O(Δt³).
 */
export function driveCar(car: Car, curvature: number, seconds = STEP): void {
  const wanted = wheelsFor(Math.min(LOCK, Math.max(-LOCK, curvature)));
  const dt = seconds / PARTS;
  const most = STEERING_RATE * dt;
  for (let part = 0; part < PARTS; part++) {
    car.wheels += Math.min(most, Math.max(-most, wanted - car.wheels));
    const turn = SPEED * curvatureOf(car.wheels) * dt;
    const middle = car.heading + turn / 2;
    car.x += SPEED * dt * Math.cos(middle);
    car.y += SPEED * dt * Math.sin(middle);
    car.heading += turn;
  }
}

/**
 * What must be added to the road's own inverse radius to bring a car back that is `offset` metres left of where it should be
 * and points `angle` radians to the left of it: the arc through the place `reach` metres ahead (pure pursuit, Coulter 1992,
 * for small angles),
 *   κ = −2 (e + ψ ℓ) / ℓ²
 * Steered so at every moment, e″ + 2 e′/ℓ + 2 e/ℓ² = 0: after three reaches the error is down to e^{−3} (cos 3 + sin 3) of
 * itself, less than one twentieth. So the reach is a third of what is driven in `seconds`.
 * @formula steering-correction
 */
export function recovery(offset: number, angle: number, seconds = 2): number {
  const reach = (SPEED * seconds) / 3;
  return (-2 * (offset + angle * reach)) / reach ** 2;
}
