using Link.Core.HealthChecks;
using Xunit;

namespace Link.Tests.HealthChecks;

public sealed class HealthCheckRunnerTests : IAsyncDisposable
{
    private static readonly HealthCheck Web = new("TCP", "10.0.0.9", 80);
    private static readonly HealthCheck Database = new("TCP", "10.0.0.9", 5432);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();
    private readonly List<HealthReport> _reports = [];
    private readonly HashSet<HealthCheck> _failing = [];
    private readonly List<(HealthCheck Check, TaskCompletionSource<CheckResult> End, CancellationToken Cancel)> _held = [];
    private readonly HealthCheckRunner _runner;
    private bool _hold;
    private int _probes;

    public HealthCheckRunnerTests() => _runner = Runner(256);

    public ValueTask DisposeAsync() => _runner.DisposeAsync();

    [Fact]
    public void The_first_good_round_is_reported_and_then_only_changes()
    {
        var generation = _runner.Set("vip-1", [Web], Interval);
        Assert.Empty(_reports);

        Rounds(3);

        Assert.Equal(3, _probes);
        Assert.Equal(new HealthReport("vip-1", generation, true, ""), Assert.Single(_reports));
    }

    /// <summary>etcd's record may say 68 years, and .NET's timers throw beyond 49 days: on the loop that would end the agent.</summary>
    [Fact]
    public async Task An_interval_longer_than_a_timer_takes_is_waited_for_in_parts()
    {
        await using var runner = new HealthCheckRunner(
            new HealthCheckOptions(), static (_, _, _) => throw new InvalidOperationException("no round is due"), static _ => { }, TimeProvider.System, new Random(1));
        runner.Set("vip-1", [Web], TimeSpan.FromSeconds(int.MaxValue));

        _runner.Set("vip-1", [Web], TimeSpan.FromDays(100));
        _time.Advance(TimeSpan.FromDays(99));
        int probes = _probes;
        _time.Advance(TimeSpan.FromDays(101));
        Assert.InRange(probes, 0, 1);
        Assert.InRange(_probes, 1, 2);
    }

    [Fact]
    public void An_endpoint_fails_after_three_rounds_and_is_healthy_after_one()
    {
        _runner.Set("vip-1", [Web], Interval);
        Rounds(1);
        _failing.Add(Web);
        Rounds(2);
        Assert.Equal([(true, ""), (true, "10.0.0.9:80 refused")], Verdicts());

        Rounds(1);
        Assert.Equal((false, "10.0.0.9:80 refused"), Verdicts()[^1]);

        _failing.Clear();
        Rounds(1);
        Assert.Equal([(true, ""), (true, "10.0.0.9:80 refused"), (false, "10.0.0.9:80 refused"), (true, "")], Verdicts());
    }

    [Fact]
    public void An_endpoint_that_never_passed_has_no_verdict_before_its_third_round()
    {
        _failing.Add(Web);
        _runner.Set("vip-1", [Web], Interval);

        Rounds(2);
        Assert.Empty(_reports);

        Rounds(1);
        Assert.Equal([(false, "10.0.0.9:80 refused")], Verdicts());
    }

    [Fact]
    public void All_checks_have_to_pass_and_another_reason_is_reported()
    {
        _failing.Add(Web);
        _runner.Set("vip-1", [Web, Database], Interval);
        Rounds(3);
        _failing.Add(Database);
        Rounds(2);

        Assert.Equal([(false, "10.0.0.9:80 refused"), (false, "10.0.0.9:80 refused; 10.0.0.9:5432 refused")], Verdicts());
    }

    [Fact]
    public void An_endpoint_without_checks_is_healthy_and_costs_nothing()
    {
        _runner.Set("vip-1", [], Interval);

        Assert.Equal([(true, "")], Verdicts());
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public void Zero_stands_for_the_default_interval()
    {
        _runner.Set("vip-1", [Web], TimeSpan.Zero);

        _time.Advance(TimeSpan.FromSeconds(50));

        Assert.InRange(_probes, 10, 11);
    }

    [Fact]
    public void First_rounds_are_spread_over_the_interval()
    {
        for (var i = 0; i < 1000; i++)
            _runner.Set($"vip-{i}", [Web], Interval);

        _time.Advance(Interval / 2);
        Assert.InRange(_probes, 400, 600);
        _time.Advance(Interval / 2);
        Assert.Equal(1000, _reports.Count);
    }

    [Fact]
    public void A_verdict_of_replaced_checks_never_arrives()
    {
        _hold = true;
        _runner.Set("vip-1", [Web], Interval);
        Rounds(1);
        var generation = _runner.Set("vip-1", [Database], Interval);
        Assert.True(_held[0].Cancel.IsCancellationRequested);

        _held[0].End.TrySetResult(CheckResult.Pass);
        Assert.Empty(_reports);

        _hold = false;
        Rounds(1);
        Assert.Equal(generation, Assert.Single(_reports).Generation);
    }

    [Fact]
    public void A_removed_endpoint_is_not_checked_and_not_reported()
    {
        _hold = true;
        _runner.Set("vip-1", [Web], Interval);
        Rounds(1);

        _runner.Remove("vip-1");
        _runner.Remove("vip-unknown");
        _held[0].End.TrySetResult(CheckResult.Pass);
        Rounds(2);

        Assert.Equal(1, _probes);
        Assert.Empty(_reports);
        Assert.Equal(0, _time.Pending);
    }

    [Fact]
    public void Rounds_of_one_endpoint_do_not_overlap()
    {
        _hold = true;
        _runner.Set("vip-1", [Web], Interval);
        Rounds(4);
        Assert.Equal(1, _probes);

        _hold = false;
        _held[0].End.SetResult(CheckResult.Pass);
        _time.Advance(TimeSpan.Zero);

        Assert.Equal(2, _probes);
    }

    [Fact]
    public async Task No_more_checks_run_at_one_time_than_allowed()
    {
        await using var runner = Runner(2);
        _hold = true;
        for (var i = 0; i < 5; i++)
            runner.Set($"vip-{i}", [Web], Interval);
        Rounds(1);
        Assert.Equal(2, _held.Count);

        _held[0].End.SetResult(CheckResult.Pass);

        await Eventually(() => _held.Count == 3);
    }

    [Fact]
    public void A_check_that_breaks_has_failed()
    {
        _hold = true;
        _runner.Set("vip-1", [Web], Interval);
        for (var i = 0; i < 3; i++)
        {
            Rounds(1);
            _held[i].End.SetException(new InvalidOperationException("broken"));
        }

        Assert.Equal([(false, "TCP 10.0.0.9:80: broken")], Verdicts());
    }

    [Fact]
    public async Task A_stop_cancels_what_is_under_way_and_reports_nothing()
    {
        _hold = true;
        _runner.Set("vip-1", [Web], Interval);
        Rounds(1);

        await _runner.DisposeAsync();

        Assert.True(_held[0].Cancel.IsCancellationRequested);
        Assert.Equal(0, _time.Pending);
        Assert.Empty(_reports);
        Assert.Throws<ObjectDisposedException>(() => _runner.Set("vip-2", [Web], Interval));
    }

    private static async Task Eventually(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private HealthCheckRunner Runner(int maxConcurrent) =>
        new(new HealthCheckOptions { Interval = Interval, MaxConcurrent = maxConcurrent }, ProbeAsync, _reports.Add, _time, new Random(1));

    private void Rounds(int count)
    {
        for (var i = 0; i < count; i++)
            _time.Advance(Interval);
    }

    private List<(bool Healthy, string Reason)> Verdicts() => [.. _reports.Select(report => (report.Healthy, report.Reason))];

    private Task<CheckResult> ProbeAsync(HealthCheck check, TimeSpan timeout, CancellationToken cancel)
    {
        _probes++;
        if (!_hold)
            return Task.FromResult(_failing.Contains(check) ? CheckResult.Fail($"{check.Host}:{check.Port} refused") : CheckResult.Pass);

        var end = new TaskCompletionSource<CheckResult>();
        cancel.Register(() => end.TrySetCanceled(cancel));
        lock (_held)
            _held.Add((check, end, cancel));
        return end.Task;
    }
}
