"""AWS CodePipeline, played on loopback, and asked by boto3 as it is."""
