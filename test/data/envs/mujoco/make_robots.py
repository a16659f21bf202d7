"""Reference values for the robots: Gymnasium's v5 environments on MuJoCo's own library, stepped from written states.

    pip install gymnasium mujoco==3.14.0 imageio packaging scipy && python make_robots.py

One JSON file a robot: what the compiled model weighs, and trajectories: a first state, actions, and what followed.
"""

import json
import pathlib

import gymnasium as gym
import mujoco
import numpy as np
from scipy.linalg import solve_discrete_are

HERE = pathlib.Path(__file__).parent
STEPS = 100


def numbers(array):
    return [float(f"{x:.11g}") for x in np.asarray(array, dtype=np.float64).ravel()]


def model(m):
    names = "body_mass body_inertia body_ipos jnt_type jnt_axis jnt_pos jnt_range jnt_stiffness dof_damping"
    names += " dof_armature qpos0 actuator_gear actuator_ctrlrange"
    out = {name: numbers(getattr(m, name)) for name in names.split()}
    out["jnt_pos"] = numbers(m.jnt_pos * (m.jnt_type != mujoco.mjtJoint.mjJNT_SLIDE)[:, None])  # a slide's place has no effect
    out["timestep"] = m.opt.timestep
    # Shapes that can touch: their sizes and surfaces. The others are scenery.
    touching = [g for g in range(m.ngeom) if m.geom_contype[g]]
    for name in "geom_type geom_size geom_friction geom_margin geom_condim geom_solref geom_solimp".split():
        rows = getattr(m, name)
        kept = touching if name != "geom_size" else [g for g in touching if m.geom_type[g] != 0]
        out[name] = numbers([rows[g] for g in kept])
    return out


def balance(env):
    """An LQR, from differences, that keeps a pendulum up: so that there are a hundred steps to compare."""
    n, k = env.model.nq + env.model.nv, env.model.nu

    def after(x, u):
        mujoco.mj_resetData(env.model, env.data)
        env.set_state(x[: env.model.nq], x[env.model.nq :])
        env.do_simulation(u, env.frame_skip)
        return np.concatenate([env.data.qpos, env.data.qvel])

    h = 1e-5
    A = np.stack([(after(h * e, np.zeros(k)) - after(-h * e, np.zeros(k))) / (2 * h) for e in np.eye(n)], axis=1)
    B = np.stack([(after(np.zeros(n), h * e) - after(np.zeros(n), -h * e)) / (2 * h) for e in np.eye(k)], axis=1)
    P = solve_discrete_are(A, B, np.eye(n), 0.1 * np.eye(k))
    K = np.linalg.solve(0.1 * np.eye(k) + B.T @ P @ B, B.T @ P @ A)
    return lambda: -K @ np.concatenate([env.data.qpos, env.data.qvel])


def steady(env, *args, **options):
    """Of the trajectories of a hundred seeds the one in which rounding grows least: libraries built by different compilers round
    differently, and a robot that hits the ground is chaotic. Rounding is a start that is moved by 1e-13."""

    def growth(seed):
        runs = [trajectory(env, seed, *args, **options, moved=moved) for moved in (0, 1e-13)]
        if sum(runs[0]["terminated"]) > 0:
            return np.inf
        return np.abs(np.subtract(*[run["observations"] for run in runs])).max() / 1e-13

    growths = {seed: growth(seed) for seed in range(1, 101)}
    best = min(growths, key=growths.get)
    print(f"{env.spec.id}: growth {growths[best]:.1e} (seed {best}), median {np.median(list(growths.values())):.1e}")
    return trajectory(env, best, *args, **options)


def trajectory(env, seed, scale, steps=STEPS, until_end=False, act=None, options=None, x=None, moved=0.0):
    random = np.random.default_rng(seed)
    mujoco.mj_resetData(env.model, env.data)
    qpos = np.round(env.init_qpos + random.uniform(-scale, scale, env.model.nq), 6)
    qvel = np.round(random.normal(0, 2 * scale, env.model.nv), 6)
    if env.spec.id == "Reacher-v5":
        qpos[2:] = np.round(random.uniform(-0.1, 0.1, 2), 6)
        qvel[2:] = 0
    if x is not None:
        qpos[0] = x
    env.set_state(qpos + moved, qvel)
    out = {"options": options or {}, "qpos": numbers(qpos), "qvel": numbers(qvel), "actions": [], "rewards": [], "terminated": []}
    out["observations"] = [numbers(env._get_obs())]
    high = env.action_space.high.astype(np.float64)
    for _ in range(steps):
        action = act() + 0.05 * random.normal(size=high.shape) if act else random.uniform(-high, high)
        action = np.round(np.clip(action, -high, high), 4)
        observation, reward, terminated, _, _ = env.step(action)
        out["actions"].append(numbers(action))
        out["observations"].append(numbers(observation))
        out["rewards"].append(float(f"{reward:.12g}"))
        out["terminated"].append(int(terminated))
        if until_end and terminated:
            break
    out["end"] = {"qpos": numbers(env.data.qpos), "qvel": numbers(env.data.qvel), "time": env.data.time}
    return out


def write(id, runs, options=None):
    env = gym.make(id).unwrapped
    data = {
        "made": f"gymnasium {gym.__version__}, mujoco {mujoco.__version__}",
        "maxSteps": gym.spec(id).max_episode_steps,
        "model": model(env.model),
        "trajectories": runs,
    }
    path = HERE / f"{id}.json"
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n")
    ended = [sum(run["terminated"]) for run in runs]
    print(id, [len(run["rewards"]) for run in runs], "terminated steps", ended, path.stat().st_size)


def make(id, **options):
    return gym.make(id, **options).unwrapped


standing = {"terminate_when_unhealthy": False}
js = {"terminateWhenUnhealthy": False}
for id in ["Hopper-v5", "Walker2d-v5"]:
    whole = {**standing, "exclude_current_positions_from_observation": False, "forward_reward_weight": 1.5, "ctrl_cost_weight": 0.25}
    whole_js = {**js, "excludeCurrentPositions": False, "forwardRewardWeight": 1.5, "ctrlCostWeight": 0.25}
    write(id, [
        steady(make(id, **standing), 0.005, options=js),
        trajectory(make(id), 2, 0.005, until_end=True),
        trajectory(make(id, **whole), 3, 0.1, steps=30, options=whole_js),
    ])
for id in ["HalfCheetah-v5", "Swimmer-v5"]:
    whole = {"exclude_current_positions_from_observation": False, "forward_reward_weight": 0.5, "ctrl_cost_weight": 0.3}
    whole_js = {"excludeCurrentPositions": False, "forwardRewardWeight": 0.5, "ctrlCostWeight": 0.3}
    write(id, [
        steady(make(id), 0.1),
        trajectory(make(id, **whole), 3, 0.3, steps=30, options=whole_js),
    ])
write("Ant-v5", [
    steady(make("Ant-v5"), 0.1),
    trajectory(
        make("Ant-v5", **standing, include_cfrc_ext_in_observation=False, contact_cost_weight=0.01, healthy_z_range=(0.3, 0.7)),
        2, 0.1, steps=30,
        options={**js, "includeContactForces": False, "contactCostWeight": 0.01, "healthyZRange": [0.3, 0.7]},
    ),
    trajectory(make("Ant-v5", healthy_z_range=(0.5, 0.9)), 3, 0.1, until_end=True, steps=40, options={"healthyZRange": [0.5, 0.9]}),
])
write("Reacher-v5", [  # its episodes are cut at 50 steps
    trajectory(make("Reacher-v5"), 1, 0.1, steps=50),
    trajectory(make("Reacher-v5", reward_dist_weight=2, reward_control_weight=0.1), 2, 1,
               options={"distWeight": 2, "controlWeight": 0.1}, steps=50),
])
for id in ["InvertedPendulum-v5", "InvertedDoublePendulum-v5"]:
    env = make(id)
    write(id, [
        steady(env, 0.01, act=balance(env)),
        trajectory(env, 2, 0.1, until_end=True),
        trajectory(env, 3, 0.01, until_end=True, x=0.995),  # against the end of the rail
        trajectory(env, 4, 0.01, until_end=True, x=1.01),
    ])
