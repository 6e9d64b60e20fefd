import { describe, expect, it } from 'vitest';
import { LoginThrottle } from './login-throttle';

describe('the log-in throttle', () => {
  it('lets ten failures pass, then asks to wait', () => {
    let now = 0;
    const throttle = new LoginThrottle(() => now);
    for (let failure = 0; failure < 10; failure += 1) {
      expect(throttle.retryAfterSeconds(['user:a', 'ip:1'])).toBe(0);
      throttle.failed(['user:a', 'ip:1']);
    }
    expect(throttle.retryAfterSeconds(['user:a', 'ip:2'])).toBe(15);
    expect(throttle.retryAfterSeconds(['user:b', 'ip:1'])).toBe(15);
    expect(throttle.retryAfterSeconds(['user:b', 'ip:2'])).toBe(0);
    now = 15_000;
    expect(throttle.retryAfterSeconds(['user:a'])).toBe(0);
  });

  it('forgives a user who has logged in, but not the address', () => {
    const throttle = new LoginThrottle(() => 0);
    for (let failure = 0; failure < 10; failure += 1) throttle.failed(['user:a', 'ip:1']);
    throttle.succeeded('user:a');
    expect(throttle.retryAfterSeconds(['user:a'])).toBe(0);
    expect(throttle.retryAfterSeconds(['ip:1'])).toBeGreaterThan(0);
  });

  it('stays bounded under a flood of addresses', () => {
    const throttle = new LoginThrottle(() => 0);
    for (let client = 0; client < 30_000; client += 1) throttle.failed([`ip:${client}`]);
    expect(throttle.retryAfterSeconds(['ip:29999'])).toBe(0);
  });
});
