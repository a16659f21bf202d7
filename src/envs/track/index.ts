export {
  type Camera,
  type CarPose,
  cameraOf,
  dashboardCamera,
  type Look,
  plainLook,
  SIDE_MOUNT,
  takePicture,
} from "./camera.ts";
export { type Car, curvatureOf, driveCar, LOCK, recovery, SPEED, STEP, wheelsFor } from "./car.ts";
export { type Driving, driving, roadStates } from "./metrics.ts";
export { coloured, png } from "./png.ts";
export { curvatureAt, HALF_WIDTH, locate, mirrored, onCentre, type Place, type Road, road } from "./road.ts";
export type { ClosedCurve } from "./spline.ts";
export { INTERVENTION_SECONDS, type TrackCameraOptions, type TrackOptions, trackCamera, trackState } from "./track.ts";
export { heldOutTracks, track, trainingTracks } from "./tracks.ts";
