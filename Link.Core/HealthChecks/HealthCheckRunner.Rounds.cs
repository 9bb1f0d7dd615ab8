namespace Link.Core.HealthChecks;

internal sealed partial class HealthCheckRunner
{
    private void StartDueRounds()
    {
        var due = new List<(CheckedEndpoint Endpoint, CancellationToken Cancel)>();
        lock (_lock)
        {
            while (_queue.TryPeek(out var endpoint, out var at) && at <= Now)
            {
                _queue.Dequeue();
                endpoint.Round = new CancellationTokenSource();
                due.Add((endpoint, endpoint.Round.Token));
                _rounds++;
            }

            SetTimer();
        }

        foreach (var (endpoint, cancel) in due)
            _ = RunRoundAsync(endpoint, cancel);
    }

    private async Task RunRoundAsync(CheckedEndpoint endpoint, CancellationToken cancel)
    {
        CheckResult? result = null;
        try
        {
            var checks = new Task<CheckResult>[endpoint.Checks.Count];
            for (var i = 0; i < checks.Length; i++)
                checks[i] = RunCheckAsync(endpoint.Checks[i], cancel);
            var results = await Task.WhenAll(checks).ConfigureAwait(false);
            var failures = Array.FindAll(results, static one => !one.Passed);
            result = failures.Length == 0 ? CheckResult.Pass : CheckResult.Fail(string.Join("; ", Array.ConvertAll(failures, static one => one.Reason)));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Replaced, removed or stopped: there is nobody to tell.
        }
        finally
        {
            EndRound(endpoint, result);
        }
    }

    private async Task<CheckResult> RunCheckAsync(HealthCheck check, CancellationToken cancel)
    {
        await _turns.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return await _probe(check, _options.Timeout, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            // A check that breaks has not passed; the others go on.
            return CheckResult.Fail($"{check}: {e.Message}");
        }
        finally
        {
            _turns.Release();
        }
    }

    private void EndRound(CheckedEndpoint endpoint, CheckResult? result)
    {
        lock (_lock)
        {
            // Not disposed: it holds nothing, and whoever replaces the endpoint may be about to cancel it.
            endpoint.Round = null;
            _rounds--;
            if (_stopped is not null)
            {
                if (_rounds == 0)
                    _stopped.TrySetResult();
                return;
            }

            if (!_endpoints.TryGetValue(endpoint.Id, out var current) || current != endpoint)
                return;

            endpoint.Due = endpoint.Due + endpoint.Interval > Now ? endpoint.Due + endpoint.Interval : Now;
            _queue.Enqueue(endpoint, endpoint.Due);
            SetTimer();
            if (result is { } known)
                Judge(endpoint, known);
        }
    }

    private void Judge(CheckedEndpoint endpoint, CheckResult result)
    {
        var before = endpoint.Verdict;
        endpoint.Verdict = before.Next(result.Passed, _options.Fall, _options.Rise);
        if (endpoint.Verdict.Healthy is not { } healthy || healthy == before.Healthy && result.Reason == endpoint.Reported)
            return;

        endpoint.Reported = result.Reason;
        _report(new HealthReport(endpoint.Id, endpoint.Generation, healthy, result.Reason));
    }
}
